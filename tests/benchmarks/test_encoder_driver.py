import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from benchmarks.encoder import __main__ as command
from benchmarks.encoder.report import STEPS, difference, steps_table, widths_table
from benchmarks.encoder.rows import MAIN, WIDTHS, Budget, rows_of
from benchmarks.encoder.running import of_popularity, run_row, sampled
from benchmarks.encoder.together import QUOTAS, SCORES, Pair
from benchmarks.quality import fitting
from benchmarks.quality.store import Store
from benchmarks.quality.tasks import load
from benchmarks.quality.tuned import Bench
from benchmarks.quality.variants import MAIN as TOWERS
from benchmarks.quality.variants import Variant, changed
from encoder_world import save_bert
from intentrec.errors import ConfigError, NotFittedError
from intentrec.evaluation import Evaluation
from intentrec.evaluation.frames import COMPARISON_SCHEMA, SUMMARY_SCHEMA
from intentrec.evaluation.tuning import TUNING_SCHEMA
from intentrec.progress import SILENT
from intentrec.tables import USER_METRICS
from intentrec.text.hashing import HashingEmbedder

DAY = 86_400
N_USERS, N_ITEMS, N_EVENTS = 40, 20, 8


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Even users take even items; the last two of each user come after the cut."""
    folder = tmp_path_factory.mktemp("beauty")
    rng = np.random.default_rng(0)
    rows = []
    for user in range(N_USERS):
        for place, half in enumerate(rng.permutation(N_ITEMS // 2)[:N_EVENTS].tolist()):
            day = 280 + place if place >= N_EVENTS - 2 else 30 * place + user % 7
            rows.append((f"u{user:02}", f"i{2 * half + user % 2:02}", day * DAY, place))
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp", "position"], orient="row")
    events.write_parquet(folder / "events.parquet")
    sides = [("apple", "bolt")[item % 2] for item in range(N_ITEMS)]
    pl.DataFrame(
        {
            "item_id": [f"i{item:02}" for item in range(N_ITEMS)],
            "title": [f"{side} {['red', 'blue', 'green', 'grey'][item // 2 % 4]}" for item, side in enumerate(sides)],
            "category": sides,
            "brand": ["acme"] * N_ITEMS,
        }
    ).write_parquet(folder / "items.parquet")
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert")
    save_bert(folder)
    return folder


class Spelling(Bench):
    def embed(self, texts):
        return HashingEmbedder(32).embed(texts)


def bench_of(data, folder, protocol="time"):
    task = load(data, "beauty", protocol)
    return Spelling(task, Store.open(folder, task, {}), folder / "cache", 1, SILENT)


BUDGET = Budget(pairs=100, epochs=2, model="minilm", batch=16)
CHANGES = {
    "encoder-bce": {"epochs", "loss"},  # untrained, then trained in the old way
    "encoder-infonce": {"loss"}, "encoder-hard-1": {"hard_negatives"}, "encoder-hard-2": {"hard_negatives"},
    "encoder-percentile": {"numbers"}, MAIN: {"widths"}, "encoder-last-token": {"pooling"},
    "encoder-all-events": {"history"}, "encoder-words": {"numbers"}, "encoder-no-numbers": {"numbers"},
    "encoder-logq": {"logq"},
}  # fmt: skip


@pytest.mark.parametrize("name", ["beauty", "completejourney", "online-retail"])
def test_each_row_differs_from_the_one_it_is_compared_with_in_one_thing(data, name):
    rows = rows_of(replace(load(data, "beauty", "time"), name=name), BUDGET, impressions=True)
    assert set(rows) == {step for step, _, _ in STEPS}
    for step, against, _ in STEPS:
        if against:
            mine, other = (rows[each].model_dump() for each in (step, against))
            assert {key for key in mine if mine[key] != other[key]} == CHANGES[step]


def test_without_impressions_no_row_reads_them(data):
    rows = rows_of(load(data, "beauty", "time"), BUDGET, impressions=False)
    assert "encoder-all-events" not in rows
    assert {config.history for config in rows.values()} == {"positives"}


@pytest.mark.parametrize(("protocol", "held"), [("time", ("window", 90.0)), ("leave-one-out", ("last", 0.0))])
def test_every_row_holds_out_what_the_towers_hold_out(data, protocol, held):
    rows = rows_of(load(data, "beauty", protocol), BUDGET, impressions=False)
    assert {(config.validation, config.validation_days) for config in rows.values()} == {held}
    assert {(config.max_pairs, config.batch, config.model) for config in rows.values()} == {(100, 16, "minilm")}


def test_fewer_test_users_are_drawn_once_and_everything_is_still_learned_from(data):
    task = load(data, "beauty", "time")
    few, same = sampled(task, 10), sampled(task, 10)
    assert len(few.users) == 10
    assert few.users.equals(same.users)
    assert set(few.users) < set(task.users)
    assert few.split.train.equals(task.split.train)
    kept = task.split.targets.filter(pl.col("user_id").is_in(few.users.implode()))
    keys = ["user_id", "item_id", "timestamp"]
    assert few.split.targets.sort(keys).equals(kept.sort(keys))  # all targets of those who stay
    assert sampled(task, len(task.users)) is task


def test_scores_that_are_popularity_go_with_it_and_items_without_events_do_not_count():
    log = pl.DataFrame({"item_id": list("aabbbbc"), "user_id": list("uvuvwxu")}).vstack(
        pl.DataFrame({"item_id": ["a"], "user_id": ["u"]})  # again: still two people
    )
    task = SimpleNamespace(split=SimpleNamespace(train=log))

    def served(*scores):
        index = SimpleNamespace(ids=np.array(list("abcd")), vectors=np.array(scores, dtype=np.float32)[:, None])
        return SimpleNamespace(index=index, vectors=np.ones((3, 1), dtype=np.float32))

    found = of_popularity(served(2, 4, 1, 99), task)
    assert found["popularity_r"] == pytest.approx(1.0)
    assert 0.9 < found["log_popularity_r"] < 1.0
    assert of_popularity(served(1, 2, 0, 99), task)["log_popularity_r"] == pytest.approx(1.0)
    assert of_popularity(served(-2, -4, -1, 0), task)["popularity_r"] == pytest.approx(-1.0)


RECALLS = {MAIN: 0.3, "encoder-percentile": 0.2, "encoder-bce": 0.1, "encoder-untuned": 0.05, f"{MAIN}-0.5": 0.27}


def compared_of(recalls, p):
    """Every pair tested; `p` by the unordered pair of names."""
    names = list(recalls)
    summary = [
        {"system": name, "view": "new", "stratum": "everyone", "metric": f"recall@{k}", "value": value * scale,
         "low": 0.0, "high": 1.0, "users": 9}
        for name, value in recalls.items() for k, scale in ((10, 1), (100, 2))
    ]  # fmt: skip
    tests = []
    for at, first in enumerate(names):
        for second in names[at + 1 :]:
            for k, scale in ((10, 1), (100, 2)):
                gap = scale * (recalls[first] - recalls[second])
                found = p.get(frozenset([first, second]), 0.5)
                tests.append(
                    {"view": "new", "stratum": "everyone", "metric": f"recall@{k}", "system": first, "against": second,
                     "difference": gap, "low": gap - 0.01, "high": gap + 0.02, "p": found, "p_holm": found,
                     "p_wilcoxon": found, "p_wilcoxon_holm": found}
                )  # fmt: skip
    return Evaluation(
        protocol="time", leaky=False, cut=None, summary=pl.DataFrame(summary, schema=SUMMARY_SCHEMA),
        per_user=USER_METRICS.empty(), comparisons=pl.DataFrame(tests, schema=COMPARISON_SCHEMA),
        tuning=pl.DataFrame(schema=TUNING_SCHEMA), notes=[],
    )  # fmt: skip


VIEWED = SimpleNamespace(task=SimpleNamespace(views=("new", "all")))
P = {frozenset(["encoder-bce", "encoder-untuned"]): 0.01, frozenset([MAIN, "encoder-percentile"]): 0.04}
FACTS = {"history": [{"pairs_per_second": 12.34}], "popularity_r": 0.5, "log_popularity_r": 0.25}


def cells(table, name):
    row = next(line for line in table.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_a_difference_is_that_of_the_row_whichever_way_it_was_tested():
    found = compared_of(RECALLS, P)
    one = difference(found, "new", "recall@10", MAIN, "encoder-percentile")
    assert one == pytest.approx({"difference": 0.1, "low": 0.09, "high": 0.12, "p": 0.04, "relative": 0.5})
    other = difference(found, "new", "recall@10", "encoder-percentile", MAIN)
    assert other == pytest.approx({"difference": -0.1, "low": -0.12, "high": -0.09, "p": 0.04, "relative": -1 / 3})


def test_steps_stand_in_the_papers_order_each_against_the_one_before(data):
    facts = {name: [FACTS] for name in RECALLS} | {"encoder-untuned": [FACTS | {"history": []}]}
    table = steps_table(VIEWED, compared_of(RECALLS, P), facts)
    assert [line.split("|")[1].strip() for line in table.splitlines()[4:]] == [
        "encoder-untuned", "encoder-bce", "encoder-percentile", MAIN,
    ]  # fmt: skip
    assert cells(table, "encoder-untuned")[1:] == [
        "0.0500", "0.1000", "", "", "", "", "", "0.500", "0.250", "", "LLaMA-3 not tuned .2434",
    ]  # fmt: skip
    # p of the two steps that can be tested, corrected for each other: 2 x 0.01, then the larger of that and 0.04.
    assert cells(table, "encoder-bce")[3:8] == [
        "encoder-untuned", "+0.0500 [+0.0400, +0.0700]", "+100.0%", "0.0200", "+0.1000 [+0.0900, +0.1200] +100.0%",
    ]  # fmt: skip
    assert cells(table, MAIN)[3:7] == ["encoder-percentile", "+0.1000 [+0.0900, +0.1200]", "+50.0%", "0.0400"]
    assert cells(table, MAIN)[10] == "12.3"
    assert cells(table, "encoder-percentile")[3] == ""  # what it is compared with was not run


def test_steps_without_any_pair_are_a_table_all_the_same():
    recalls = {name: RECALLS[name] for name in (MAIN, "encoder-bce")}
    table = steps_table(VIEWED, compared_of(recalls, {}), {name: [FACTS] for name in recalls})
    assert cells(table, MAIN)[3:8] == [""] * 5


def test_widths_are_compared_with_the_whole():
    recalls = {MAIN: 0.3} | {f"{MAIN}-{share:g}": 0.3 * share for share in WIDTHS[1:]}
    table = widths_table(VIEWED, compared_of(recalls, {}))
    half = cells(table, "0.5")
    assert "0.1500" in half
    assert "-0.1500 [-0.1700, -0.1400]" in half
    assert "-50.0%" in half
    assert cells(table, "1")[-1] == ""


def test_what_is_put_together_must_have_been_trained(data, tmp_path):
    bench = bench_of(data, tmp_path)
    with pytest.raises(NotFittedError, match="`python -m benchmarks.quality run` on the same task first"):
        Pair.of(bench, 0, "cpu")
    (bench.store.run(TOWERS, 0).folder / "held-out").mkdir(parents=True)
    with pytest.raises(NotFittedError, match="`python -m benchmarks.encoder` on the same task first"):
        Pair.of(bench, 0, "cpu")


def test_a_row_that_is_not_there_is_named(data, tmp_path):
    with pytest.raises(ConfigError, match="There is no row 'nothing'; there are encoder-untuned, encoder-bce"):
        command.main(arguments("table", data, tmp_path, "--rows", "nothing"))


def arguments(name, data, out, *more):
    always = ["--data", data, "--dataset", "beauty", "--protocol", "time", "--out", out, "--threads", "1"]
    return [name, *map(str, always), "--test-users", "20", "--samples", "100", *more]


SMALL = {"width": 8, "layers": 1, "heads": 1, "hidden": 8, "epochs": 2, "negatives": 8, "tokens": 256}


@pytest.fixture
def quick(monkeypatch):
    """Towers that train in a moment, and text vectors by spelling."""
    settings = {"parts": ("sequence", "memory"), "blend_users": 50, "validation_days": 90, "sequence": SMALL}
    variants: dict[str, Variant] = {TOWERS: changed(settings)}
    monkeypatch.setattr(fitting, "variants_of", lambda _: variants)
    monkeypatch.setattr(Bench, "embed", Spelling.embed)


@pytest.mark.slow
def test_rows_are_trained_once_tabled_and_put_together(data, model, quick, tmp_path, monkeypatch, capsys):
    out, rows = tmp_path / "out", ["encoder-untuned", "encoder-percentile", MAIN]
    table = arguments(
        "table", data, out, "--rows", ",".join(rows), "--pairs", "32", "--batch", "8", "--model", str(model)
    )
    command.main(table)
    bench = bench_of(data, out)
    assert {MAIN, *(f"{MAIN}-{share:g}" for share in WIDTHS[1:]), *rows} <= set(bench.store.runs())
    facts = bench.store.run(MAIN, 0).facts()
    assert facts["validation_in_training"] is False
    assert (bench.store.run("encoder-untuned", 0).facts()["history"], len(facts["history"])) == ([], 1)
    assert facts["encoded"] > bench.store.run(f"{MAIN}-0.5", 0).facts()["encoded"] == 0  # widths share their vectors
    users = sampled(bench.task, 20).users.to_list()
    listed = bench.store.run(MAIN, 0).system().recommend(bench.task.users.to_list(), 500, filter_viewed=False)
    assert listed.group_by("user_id").len().sort("user_id").rows() == [(user, N_ITEMS) for user in users]
    text = (bench.store.folder / "encoder.md").read_text("utf-8")
    assert "## Each choice" in text
    assert "## Widths" in text
    assert not (bench.store.folder / "together.md").exists()

    fitting.run_variant(bench, TOWERS, 0)
    command.main(arguments("together", data, out))
    runs = bench.store.runs()
    assert {SCORES, QUOTAS} <= set(runs)
    both = json.loads((bench.store.folder / "together.json").read_text())
    assert [entry["system"] for entry in both["systems"]] == [SCORES, QUOTAS, TOWERS, MAIN]
    assert "encoder" in bench.store.run(SCORES, 0).facts()["blend"]["parts"]
    shares = bench.store.run(QUOTAS, 0).facts()["setting"]
    assert all(0 <= share <= 1 for share in shares.values())

    monkeypatch.setattr("benchmarks.encoder.running.fit", None)  # whatever is there is not made again
    monkeypatch.setattr("benchmarks.encoder.together.weigh", None)
    before = {name: run[0].facts() for name, run in runs.items()}
    command.main(table)
    command.main(arguments("together", data, out))
    assert {name: run[0].facts() for name, run in bench.store.runs().items()} == before


@pytest.mark.slow
def test_an_interrupted_row_is_not_taken_for_a_finished_one(data, model, quick, tmp_path, monkeypatch):
    bench = bench_of(data, tmp_path)
    bench = replace(bench, task=sampled(bench.task, 5))
    budget = Budget(pairs=16, epochs=1, model=str(model), batch=8)
    config = rows_of(bench.task, budget, impressions=False)["encoder-percentile"]
    with monkeypatch.context() as broken:
        broken.setattr("benchmarks.encoder.running.of_popularity", None)
        with pytest.raises(TypeError):
            run_row(bench, "encoder-percentile", config, None, seed=0, device="cpu")
    run = bench.store.run("encoder-percentile", 0)
    assert not run.done
    run_row(bench, "encoder-percentile", config, None, seed=0, device="cpu")
    assert run.done
    assert not run.checkpoint.exists()
