import json

import polars as pl
import pytest

from benchmarks.rectools.exchange import Exchange, fingerprint
from benchmarks.rectools.measured import per_user
from benchmarks.rectools.system import RecToolsSystem
from intentrec.errors import DataError, NotFoundError
from intentrec.retrieval.protocol import RECOMMENDED_SCHEMA


def pairs(*rows):
    return pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")


def lists(*rows):
    return pl.DataFrame(rows, schema=RECOMMENDED_SCHEMA, orient="row")


LOG = pairs(("u", "b"), ("u", "a"), ("v", "a"))


def test_the_order_of_rows_is_kept_and_searches_are_left_out(tmp_path):
    log = pl.concat([LOG, pl.DataFrame({"user_id": ["v"], "item_id": [None]}, schema_overrides={"item_id": pl.String})])
    Exchange.write(tmp_path, train=log.with_columns(more=1), histories=LOG)
    assert pl.read_parquet(tmp_path / "data" / "train.parquet").equals(LOG)


def test_only_a_folder_with_validation_items_validates(tmp_path):
    assert not Exchange.write(tmp_path / "a", train=LOG, histories=LOG).validates
    assert Exchange.write(tmp_path / "b", train=LOG, histories=LOG, validation=pairs(("u", "c"))).validates


def test_the_same_data_is_accepted_again_and_other_data_is_not(tmp_path):
    Exchange.write(tmp_path, train=LOG, histories=LOG)
    Exchange.write(tmp_path, train=LOG, histories=LOG)
    with pytest.raises(DataError, match="other data"):
        Exchange.write(tmp_path, train=LOG.reverse(), histories=LOG)
    with pytest.raises(DataError, match="other data"):
        Exchange.write(tmp_path, train=LOG, histories=LOG, validation=LOG)


def test_numbers_as_ids_become_strings_and_a_missing_column_is_named(tmp_path):
    Exchange.write(tmp_path, train=pl.DataFrame({"user_id": [1], "item_id": [7]}), histories=LOG)
    assert pl.read_parquet(tmp_path / "data" / "train.parquet").rows() == [("1", "7")]
    with pytest.raises(DataError, match="'histories' lack item_id"):
        Exchange.write(tmp_path, train=LOG, histories=LOG.drop("item_id"))


def test_a_fingerprint_sees_the_order():
    assert fingerprint(LOG) == fingerprint(LOG.clone()) != fingerprint(LOG.reverse())


def test_lists_of_a_run_without_a_result_are_not_finished(tmp_path):
    exchange, run = Exchange(tmp_path), tmp_path / "run"
    run.mkdir()
    found = pl.DataFrame({"user_id": ["u"], "rank": [1], "item_id": ["a"], "score": [0.5], "more": [0]})
    found.write_parquet(run / "unseen.parquet")
    with pytest.raises(NotFoundError, match="no finished lists"):
        exchange.lists("run")
    (run / "result.json").write_text(json.dumps({"epochs": 1}))
    assert exchange.lists("run").schema == pl.Schema(RECOMMENDED_SCHEMA)
    assert exchange.lists("run").rows() == [("u", 1, "a", 0.5)]
    with pytest.raises(NotFoundError, match=r"all\.parquet"):
        exchange.lists("run", filter_viewed=False)
    found.drop("score").write_parquet(run / "unseen.parquet")
    with pytest.raises(DataError, match="score"):
        exchange.lists("run")


UNSEEN = lists(("v", 2, "b", 0.1), ("v", 1, "a", 0.2), ("u", 1, "c", 0.3), ("u", 2, "a", 0.2), ("u", 3, "d", 0.1))


def test_a_system_answers_in_the_order_of_users_and_ranks_and_cuts_at_k():
    system = RecToolsSystem("esasrec", UNSEEN, None, k=3)
    found = system.recommend(["v", "stranger", "u"], 2)
    assert found.rows() == [("v", 1, "a", 0.2), ("v", 2, "b", 0.1), ("u", 1, "c", 0.3), ("u", 2, "a", 0.2)]
    assert found.schema == pl.Schema(RECOMMENDED_SCHEMA)


def test_a_system_says_what_it_was_not_made_for():
    system = RecToolsSystem("esasrec", UNSEEN, None, k=3)
    with pytest.raises(DataError, match="lists of 3 items, and 4"):
        system.recommend(["u"], 4)
    with pytest.raises(DataError, match="filter_viewed=False"):
        system.recommend(["u"], 1, filter_viewed=False)


def test_each_filter_has_its_own_lists(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    UNSEEN.write_parquet(run / "unseen.parquet")
    lists(("u", 1, "seen", 0.9)).write_parquet(run / "all.parquet")
    (run / "result.json").write_text("{}")
    system = RecToolsSystem.of("s", Exchange(tmp_path), "run", filters=(True, False), k=3)
    assert system.recommend(["u"], 1)["item_id"].to_list() == ["c"]
    assert system.recommend(["u"], 1, filter_viewed=False)["item_id"].to_list() == ["seen"]


def test_metrics_by_hand():
    targets = pairs(("u", "a"), ("u", "z"), ("v", "a"), ("w", "a"))
    found = per_user(UNSEEN, targets, ks=(1, 2))
    assert found["user_id"].to_list() == ["u", "v", "w"]
    assert found["recall@1"].to_list() == [0, 1, 0]
    assert found["recall@2"].to_list() == [0.5, 1, 0]
    second = 0.6309297535714575  # 1 / log2(3)
    assert found["ndcg@2"].to_list() == pytest.approx([second / (1 + second), 1, 0])
