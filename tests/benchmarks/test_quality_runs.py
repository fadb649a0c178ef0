import json
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from benchmarks.quality import __main__ as command
from benchmarks.quality import fitting, reports, transformers
from benchmarks.quality.codes import Coded
from benchmarks.quality.store import PLAIN, VARIED, Store
from benchmarks.quality.tasks import load
from benchmarks.quality.tuned import Bench, run_baseline
from benchmarks.quality.variants import MAIN, Variant, changed, variants_of
from benchmarks.rectools.exchange import Exchange
from benchmarks.rectools.settings import Settings
from intentrec.codes import Codes
from intentrec.errors import ConfigError, DataError
from intentrec.progress import SILENT
from intentrec.retrieval import ItemIndex
from intentrec.text.hashing import HashingEmbedder
from intentrec.towers import TowersConfig

DAY = 86_400
N_USERS, N_ITEMS, N_EVENTS = 60, 24, 8


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two halves of the users, two halves of the items; the newest items come out after the cut."""
    folder = tmp_path_factory.mktemp("beauty")
    rng = np.random.default_rng(0)
    rows = []
    for user in range(N_USERS):
        side = user % 2
        for place in range(N_EVENTS):
            late = place == N_EVENTS - 1
            item = 2 * int(rng.integers(10, 12) if late and user < 20 else rng.integers(0, 10)) + side
            rows.append((f"u{user:02}", f"i{item:02}", (300 if late else 20 * place + user % 7) * DAY, place))
    rows += [("v", "i00", 301 * DAY, 0), ("v", "i02", 302 * DAY, 1)]  # unknown before the cut
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp", "position"], orient="row")
    events.unique(["user_id", "item_id"], keep="first").write_parquet(folder / "events.parquet")
    names = [f"i{item:02}" for item in range(N_ITEMS)]
    sides = ["soap bar" if item % 2 else "hair brush" for item in range(N_ITEMS)]
    pl.DataFrame(
        {
            "item_id": names,
            "title": [f"{side} {item // 2}" for item, side in enumerate(sides)],
            "category": [f"{side} {item % 4}" for item, side in enumerate(sides)],
            "brand": ["one"] * N_ITEMS,
        }
    ).write_parquet(folder / "items.parquet")
    return folder


class Spelling(Bench):
    def embed(self, texts):
        return HashingEmbedder(32).embed(texts)


@pytest.fixture
def bench(data, tmp_path):
    def make(protocol):
        task = load(data, "beauty", protocol)
        about = {"data": str(data), "dataset": "beauty", "protocol": protocol, "users": None}
        return Spelling(task, Store.open(tmp_path, task, about), tmp_path / "cache", 2, SILENT)

    return make


SMALL = {"width": 8, "layers": 1, "heads": 1, "hidden": 8, "epochs": 3, "negatives": 8, "tokens": 256}


@pytest.fixture
def small(monkeypatch):
    """The table of variants with quick trainings."""

    def quick(task):
        own = {"parts": ("sequence", "memory"), "blend_users": 50, "sequence": {**SMALL, "clock": "last"}}
        own |= {"validation": "last", "blend_at": 10} if task.single else {"validation_days": 90}
        own |= {} if task.single else {"parts": ("sequence", "memory", "fresh")}
        return {MAIN: changed(own), "towers-memory": Variant(of=MAIN, parts=("memory",))}

    monkeypatch.setattr(fitting, "variants_of", quick)
    monkeypatch.setattr(command, "variants_of", quick)


def test_a_folder_of_runs_takes_no_other_data(data, tmp_path):
    whole = load(data, "beauty", "time")
    Store.open(tmp_path, whole, {})
    Store.open(tmp_path, whole, {})
    with pytest.raises(DataError, match="another --out"):
        Store.open(tmp_path, load(data, "beauty", "time", users=10), {})


def test_a_baseline_is_tuned_once_and_run_once_where_nothing_is_drawn(bench):
    bench = bench("time")
    run_baseline(bench, "itemknn", 0)
    file = bench.store.folder / "tuned" / "itemknn.json"
    tuned = json.loads(file.read_text())
    assert len(tuned["trials"]) == tuned["budget"] == 2
    file.write_text(json.dumps({**tuned, "setting": {**tuned["setting"], "neighbours": 3}}))
    assert bench.tuned("itemknn")["setting"]["neighbours"] == 3
    run_baseline(bench, "itemknn", 1)
    assert list(bench.store.runs()["itemknn"]) == [0]


def test_whoever_has_no_history_gets_the_popular_list(bench):
    bench = bench("time")
    for name in ("itemknn", "popularity"):
        run_baseline(bench, name, 0)
    knn, popularity = (
        bench.store.run(name, 0).system().recommend(["v"], 5, filter_viewed=False) for name in ("itemknn", "popularity")
    )
    assert len(knn) == 5
    assert knn.equals(popularity)


def test_stored_lists_are_cut_and_filtered(bench):
    bench = bench("time")
    run_baseline(bench, "popularity", 0)
    system = bench.store.run("popularity", 0).system()
    had = set(bench.task.split.train.filter(pl.col("user_id") == "u03")["item_id"])
    assert not had & set(system.recommend(["u03"], 5, filter_viewed=True)["item_id"])
    assert system.recommend(["u03"], 5, filter_viewed=False)["rank"].to_list() == [1, 2, 3, 4, 5]
    assert system.recommend(["nobody"], 5).is_empty()


def test_towers_rank_items_without_events_and_leave_lists_with_variety(bench, small):
    bench = bench("time")
    fitting.run_variant(bench, MAIN, 0)
    run = bench.store.run(MAIN, 0)
    assert run.kinds() == [PLAIN, VARIED]
    listed = run.system().recommend(["u03"], 500, filter_viewed=False)
    assert sorted(listed["item_id"]) == bench.task.items["item_id"].to_list()
    new = set(bench.task.items["item_id"]) - set(bench.task.split.train["item_id"])
    assert new
    facts = run.facts()
    assert facts["epochs"]["sequence"] >= 1
    assert facts["versions"]["code"]


def test_a_row_of_parts_uses_the_training_of_the_whole(bench, small, monkeypatch):
    bench = bench("time")
    fitting.run_variant(bench, MAIN, 0)
    monkeypatch.setattr(fitting, "fit", None)
    fitting.run_variant(bench, "towers-memory", 0)
    facts = bench.store.run("towers-memory", 0).facts()
    assert set(facts["blend"]["parts"]) == {"itself", "together", "after"}
    fitting.run_variant(bench, MAIN, 0)  # finished: nothing is trained


def test_an_item_scores_by_the_best_of_several_codes():
    vectors = np.array([[0.5, 0.4], [0.0, 0.9], [0.6, 0.0]], dtype=np.float32)
    tower = SimpleNamespace(
        user_codes=lambda *_: np.array([[[1.0, 0.0], [0.0, 1.0]]], dtype=np.float32), item_vectors=lambda: vectors
    )
    data = SimpleNamespace(users=Codes.of(["u"]), log=None)
    index = ItemIndex.build(["a", "b", "c"], vectors)
    listed = Coded(tower, data, pl.DataFrame(), index, None).recommend(["u", "stranger"], 3, filter_viewed=False)
    assert listed["item_id"].to_list() == ["b", "c", "a"]
    assert listed["score"].to_list() == pytest.approx([0.9, 0.6, 0.5])


def test_a_row_of_several_codes_is_trained_and_filtered(bench, monkeypatch):
    bench = bench("time")
    settings = {"parts": ("sequence",), "validation_days": 90, "sequence": {**SMALL, "codes": 3}}
    monkeypatch.setattr(fitting, "variants_of", lambda _: {"codes-3": changed(settings)})
    fitting.run_variant(bench, "codes-3", 0)
    run = bench.store.run("codes-3", 0)
    assert run.kinds() == [PLAIN]
    found = reports.compared(bench, reports.rows_of(bench.store, bench.task, ["codes-3"]), "command", 100)
    assert "codes-3" in reports.markdown(found, {"codes-3": [run.facts()]}, bench.task)
    unseen, everything = (run.system().recommend(["u03"], 500, filter_viewed=seen) for seen in (True, False))
    had = set(bench.task.split.train.filter(pl.col("user_id") == "u03")["item_id"])
    assert set(unseen["item_id"]) == set(everything["item_id"]) - had
    assert sorted(everything["item_id"]) == bench.task.items["item_id"].to_list()


def test_later_seeds_of_leave_one_out_take_over_epochs_and_weights(bench, small):
    bench = bench("leave-one-out")
    command.run_all(bench, [MAIN], [1], None)
    first, second = (bench.store.run(MAIN, seed).facts() for seed in (0, 1))
    assert second["blend"] == first["blend"]
    assert second["epochs"] == first["epochs"]
    assert {epoch["part"] for epoch in second["history"]} == {"final"}
    lists = [bench.store.run(MAIN, seed).system().recommend(["u03"], 10) for seed in (0, 1)]
    assert not lists[0].equals(lists[1])


def test_validation_is_parted_as_in_training(bench):
    task = bench("leave-one-out").task
    past, later = fitting.validation_events(task, TowersConfig(parts=("sequence",), validation="last"))
    assert len(past) + len(later) == len(task.split.train)
    assert later["user_id"].is_unique().all()
    ordered = task.split.train.sort("user_id", "timestamp", "row").filter(pl.len().over("user_id") > 1)
    assert sorted(later["row"]) == sorted(ordered.group_by("user_id").agg(pl.col("row").last())["row"])
    assert "v" not in later["user_id"]  # one event is no history and something to find


def test_an_interrupted_run_is_served_without_training_again(bench, small, monkeypatch):
    bench = bench("time")
    fitting.run_variant(bench, MAIN, 0)
    run = bench.store.run(MAIN, 0)
    before = run.system().recommend(["u03"], 10)
    (run.folder / "run.json").unlink()
    monkeypatch.setattr(fitting, "fit", None)
    fitting.run_variant(bench, MAIN, 0)
    assert run.system().recommend(["u03"], 10).equals(before)


@pytest.mark.parametrize("protocol", ["leave-one-out", "time"])
def test_every_row_of_the_table_can_be_made(data, protocol):
    task = load(data, "beauty", protocol)
    variants = variants_of(task)
    assert next(iter(variants)) == MAIN
    for variant in variants.values():
        whole = variants[variant.of] if variant.config is None else variant
        assert set(variant.parts) <= set(whole.config.parts)
        assert not (task.single and "pooled" in whole.config.parts)


def test_the_report_compares_every_row_with_the_first(bench, small, tmp_path):
    of = bench("time")
    command.run_all(of, ["popularity", "content", MAIN], [0, 1], None)
    found = reports.compared(of, reports.rows_of(of.store, of.task), "command", 100)
    assert found.systems == [MAIN, "towers, varied", "popularity", "content"]
    assert set(found.comparisons["system"]) == {MAIN}
    assert set(found.spread["system"]) == {MAIN, "towers, varied"}
    text = reports.markdown(found, {row.name: row.facts() for row in reports.rows_of(of.store, of.task)}, of.task)
    assert "New items, recall@100" in text
    assert "| popularity | 0 | yes |" in text


def test_holm_is_over_the_pairs_that_are_shown():
    rows = [("a", "b", 0.01), ("a", "c", 0.04), ("b", "c", 0.001)]
    frame = pl.DataFrame(
        [
            {"view": "new", "stratum": "everyone", "metric": "recall@10", "system": one, "against": other,
             "p": p, "p_holm": 1.0, "p_wilcoxon": p, "p_wilcoxon_holm": 1.0}
            for one, other, p in rows
        ]
    )  # fmt: skip
    found = reports.against(frame, "a")
    assert found["p_holm"].to_list() == pytest.approx([0.02, 0.04])
    assert found["p_wilcoxon_holm"].to_list() == pytest.approx([0.02, 0.04])


def stored_by_rectools(folder, task, *, seed=0, k=100):
    """What benchmarks.rectools would have left."""
    settings = Settings("esasrec", epochs=9)
    train = task.split.train
    first = Exchange.write(folder / "train-only", train=train, validation=train.head(1), histories=train)
    second = Exchange.write(folder / "train-and-valid", train=train, histories=train)
    final = Settings("esasrec", epochs=4, seed=seed)
    lists = pl.DataFrame({"user_id": ["u03"], "rank": [1], "item_id": ["i20"], "score": [1.0]})
    for exchange, own in ((first, settings), (second, final)):
        run = exchange.folder / own.key
        run.mkdir()
        lists.write_parquet(run / "unseen.parquet")
        validation = [{"epoch": 4, "ndcg@10": 0.1}]
        result = {"settings": asdict(own), "best_epoch": 4, "validation": validation, "training_seconds": 2.0}
        (run / "job.json").write_text(json.dumps({"k": k, "filters": [True]}))
        (run / "result.json").write_text(json.dumps(result))


def test_lists_of_rectools_say_what_they_learned_from(bench, tmp_path):
    bench = bench("leave-one-out")
    stored_by_rectools(tmp_path / "rectools", bench.task, seed=3)
    assert transformers.take_over(bench, tmp_path / "rectools", "rectools-esasrec") == [3]
    assert transformers.take_over(bench, tmp_path / "rectools", "rectools-esasrec-train-only") == [0]
    assert transformers.take_over(bench, tmp_path / "rectools", "rectools-sasrec") == []
    run = bench.store.run("rectools-esasrec", 3)
    assert run.facts()["validation_in_training"]
    assert not bench.store.run("rectools-esasrec-train-only", 0).facts()["validation_in_training"]
    assert run.system().recommend(["u03"], 5)["item_id"].to_list() == ["i20"]


def test_lists_of_rectools_for_other_histories_or_too_short_are_refused(bench, tmp_path):
    task = bench("leave-one-out").task
    stored_by_rectools(tmp_path / "short", task, k=50)
    with pytest.raises(DataError, match="lists of 50"):
        transformers.take_over(bench("leave-one-out"), tmp_path / "short", "rectools-esasrec")
    stored_by_rectools(tmp_path / "other", bench("time").task)
    with pytest.raises(DataError, match="other histories"):
        transformers.take_over(bench("leave-one-out"), tmp_path / "other", "rectools-esasrec")


def test_seeds_are_ranges_and_numbers():
    assert command.seeds_of("0-2,5,1") == [0, 1, 2, 5]
    with pytest.raises(ConfigError, match="--seeds"):
        command.seeds_of("a")


def test_a_system_that_is_not_there_is_named(bench):
    with pytest.raises(ConfigError, match="no system nothing"):
        command.run_all(bench("time"), ["nothing"], [0], None)
