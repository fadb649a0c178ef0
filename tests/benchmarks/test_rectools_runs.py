import json
import sys

import polars as pl
import pytest

from benchmarks.rectools import __main__ as command
from benchmarks.rectools.environment import check_plan
from benchmarks.rectools.exchange import Exchange
from benchmarks.rectools.runs import Worker, tuned_then_trained
from benchmarks.rectools.settings import SPACE, Settings, trials_of
from intentrec.errors import ConfigError, DataError, IntentrecError

# Stands for the Python with RecTools: understands the call, and says of itself how often it ran. A wider model is
# better, a rate of 1 breaks it.
WORKER = """#!{python}
import json, sys
from pathlib import Path
assert sys.argv[1:3] == ["-m", "benchmarks.rectools.worker.main"]
folder = Path(sys.argv[3])
job = json.loads((folder / "job.json").read_text())
with (folder / "calls").open("a") as calls:
    calls.write("x")
settings = job["settings"]
if settings["lr"] == 1:
    sys.exit("the loss is not a number")
rows = [{{"epoch": n, "ndcg@10": settings["n_factors"] * (1 if n == 3 else 0.5)}} for n in (1, 3, 5)]
result = {{"settings": settings, "best_epoch": 3, "validation": rows if job["validate"] else []}}
(folder / "result.json").write_text(json.dumps(result))
"""


@pytest.fixture
def worker(tmp_path):
    script = tmp_path / "python"
    script.write_text(WORKER.format(python=sys.executable))
    script.chmod(0o755)
    return Worker(script, k=5, nice=0)


LOG = pl.DataFrame({"user_id": ["u", "u"], "item_id": ["a", "b"]})
HELD = pl.DataFrame({"user_id": ["u"], "item_id": ["c"]})
BASE = Settings("esasrec", n_factors=8)


def calls(exchange, settings):
    return (exchange.folder / settings.key / "calls").read_text()


def test_a_finished_run_is_never_made_again(worker, tmp_path):
    exchange = Exchange.write(tmp_path / "runs", train=LOG, histories=LOG)
    first = worker.run(exchange, BASE)
    assert worker.run(exchange, BASE) == first
    assert calls(exchange, BASE) == "x"
    with pytest.raises(DataError, match="other lists"):
        Worker(worker.python, k=6).run(exchange, BASE)


def test_a_failure_shows_the_log_and_is_tried_again(worker, tmp_path):
    exchange = Exchange.write(tmp_path / "runs", train=LOG, histories=LOG)
    settings = Settings("esasrec", lr=1)
    for _ in range(2):
        with pytest.raises(IntentrecError, match="the loss is not a number"):
            worker.run(exchange, settings)
    assert calls(exchange, settings) == "xx"


def test_the_best_trial_is_trained_on_everything_for_its_best_epochs(worker, tmp_path):
    runs = tuned_then_trained(
        worker, tmp_path / "runs", BASE, parts=(LOG, HELD), histories=LOG, space={"n_factors": (8, 32, 16)},
        trials=3, seeds=(0, 1),
    )  # fmt: skip
    (first, trial), *final = runs
    assert (first.validates, trial.n_factors, trial.epochs) == (True, 32, BASE.epochs)
    assert [(settings.n_factors, settings.epochs, settings.seed) for _, settings in final] == [(32, 3, 0), (32, 3, 1)]
    assert {exchange.folder.name for exchange, _ in final} == {"train-and-valid"}
    together = pl.read_parquet(tmp_path / "runs" / "train-and-valid" / "data" / "train.parquet")
    assert together["item_id"].to_list() == ["a", "b", "c"]
    again = tuned_then_trained(
        worker, tmp_path / "runs", BASE, parts=(LOG, HELD), histories=LOG, space={"n_factors": (8, 32, 16)},
        trials=3, seeds=(0, 1),
    )  # fmt: skip
    assert again == runs
    assert all(calls(exchange, settings) == "x" for exchange, settings in runs)


def test_tuning_needs_validation_items(worker, tmp_path):
    exchange = Exchange.write(tmp_path / "runs", train=LOG, histories=LOG)
    with pytest.raises(DataError, match="no validation items"):
        worker.tune(exchange, BASE, SPACE, 2)


def test_trials_begin_with_the_base_and_never_repeat():
    points = trials_of(Settings("sasrec"), SPACE, 7)
    assert points[0] == Settings("sasrec")
    assert len(set(points)) == 7
    assert points == trials_of(Settings("sasrec"), SPACE, 7)
    assert len(trials_of(Settings("sasrec"), SPACE, 1000)) == 16


def test_a_key_says_model_and_seed_and_hashes_what_changes_the_outcome():
    key = Settings("sasrec", seed=3).key
    assert key.startswith("sasrec-")
    assert key.endswith("-seed3")
    assert Settings("sasrec", seed=3, threads=2).key == key
    assert Settings("sasrec", seed=3, lr=0.1).key != key


def test_settings_survive_json_and_refuse_what_they_do_not_know():
    settings = Settings("bert4rec", dropout=0.5)
    assert Settings.of(json.loads(json.dumps(vars(settings)))) == settings
    with pytest.raises(ValueError, match="Unknown settings depth"):
        Settings.of({"model": "sasrec", "depth": 2})
    with pytest.raises(ValueError, match="mask_padding"):
        Settings("sasrec", mask_padding=False)


def test_an_installation_that_touches_torch_is_refused():
    def report(*names):
        return json.dumps({"install": [{"metadata": {"name": name}} for name in names]})

    check_plan(report("RecTools", "torchmetrics", "numpy"))
    for name in ("torch", "nvidia-cublas-cu12", "triton"):
        with pytest.raises(ConfigError, match=name):
            check_plan(report("rectools", name))


def test_every_setting_is_an_option():
    line = "beauty --env E --out O --data D --models bert4rec --lr 0.01 --n-factors 96 --mask-padding no "
    line += "--real-positions no --seeds 1 2 --trials 4"
    options = command.parser().parse_args(line.split())
    settings = command.settings_of(options, "bert4rec")
    wanted = Settings("bert4rec", lr=0.01, n_factors=96, mask_padding=False, real_positions=False)
    assert settings == wanted
    assert (options.seeds, options.trials, options.k) == ([1, 2], 4, 100)


def test_lists_need_events_and_a_moment_and_are_long():
    line = "lists --env E --out O --events F --validation-from 2014-01-01T00:00:00"
    assert command.parser().parse_args(line.split()).k == 500
    with pytest.raises(SystemExit):
        command.parser().parse_args(line.split()[:-2])
