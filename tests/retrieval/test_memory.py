from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from scipy import sparse

from intentrec.errors import DataError, NotFittedError
from intentrec.retrieval import memory as memory_module
from intentrec.retrieval.blend import Blend
from intentrec.retrieval.memory import Memory, MemoryConfig, Remembered, events_of

START = datetime(2024, 1, 1, tzinfo=UTC)
END = START + timedelta(days=10)
EXACT = MemoryConfig(neighbours=10, steps=2, decay=0.5, half_life_days=5)


def log_of(*rows):
    """Rows of user, item, day, and perhaps kind."""
    columns = {
        "user_id": [row[0] for row in rows],
        "item_id": [row[1] for row in rows],
        "timestamp": [START + timedelta(days=row[2]) for row in rows],
        "event": [row[3] if len(row) > 3 else "buy" for row in rows],
        "row": list(range(len(rows))),
    }
    schema = {"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Datetime("us", "UTC")}
    return pl.DataFrame(columns, schema_overrides=schema | {"event": pl.String, "row": pl.Int64})


LOG = log_of(("a", "x", 0), ("a", "y", 1), ("a", "z", 2), ("b", "x", 3), ("b", "y", 4), ("c", "y", 5))


def fitted(events=LOG, items=("x", "y", "z"), as_of=END, config=EXACT):
    return Memory.fit(events, items, as_of, config)


def remembered(memory=None, weights=(1.0, 1.0, 1.0), edges=(), **config):
    memory = memory or fitted()
    weights = (weights,) if isinstance(weights[0], float) else weights
    blend = Blend(("itself", "together", "after"), edges, weights)
    return Remembered(replace(memory, config=memory.config.model_copy(update=config)), blend, ("buy",))


def test_items_of_the_same_people_by_the_cosine():
    x, y, z = np.sqrt([2, 3, 1])
    cosine = [[0, 2 / (x * y), 1 / (x * z)], [2 / (x * y), 0, 1 / (y * z)], [1 / (x * z), 1 / (y * z), 0]]
    np.testing.assert_allclose(fitted().tables["together"].toarray(), cosine, rtol=1e-6)


def test_items_that_came_after_count_less_the_more_steps_lie_between():
    x, y, z = np.sqrt([2, 3, 1])
    after = [[0, 2 / (x * y), 0.5 / (x * z)], [0, 0, 1 / (y * z)], [0, 0, 0]]
    np.testing.assert_allclose(fitted().tables["after"].toarray(), after, rtol=1e-6)
    near = fitted(config=EXACT.model_copy(update={"steps": 1})).tables["after"].toarray()
    np.testing.assert_allclose(near, [[0, 2 / (x * y), 0], [0, 0, 1 / (y * z)], [0, 0, 0]], rtol=1e-6)


def test_shrinkage_pulls_pairs_of_few_users_down():
    x, y, z = np.sqrt([2, 3, 1])
    tables = fitted(config=EXACT.model_copy(update={"shrinkage": 2.0})).tables
    assert tables["together"].toarray()[0, 1] == pytest.approx(2 / (x * y + 2))
    assert tables["after"].toarray()[1, 2] == pytest.approx(1 / (y * z + 2))


def test_an_item_is_not_its_own_neighbour_and_does_not_follow_itself():
    tables = fitted(log_of(("a", "x", 0), ("a", "x", 1), ("a", "y", 2), ("a", "x", 3))).tables
    for table in tables.values():
        assert not table.toarray().diagonal().any()
    # x, x, y, x: of two equal x before y one is a step away, the other two; both items belong to one user.
    np.testing.assert_allclose(tables["after"].toarray(), [[0, 1.5, 0], [1, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(tables["together"].toarray(), [[0, 1, 0], [1, 0, 0], [0, 0, 0]])


def test_what_each_part_says_of_somebody_unknown_at_fit():
    x, y, z = np.sqrt([2, 3, 1])
    history = log_of(("new", "x", 0), ("new", "x", 5), ("new", "y", 10 - 1e-9))
    parts = fitted().parts(history, ["nobody", "new"], END)
    # Latest first: y counts 1, x 1/2 and 1/4.
    together = [2 / (x * y), 0.75 * 2 / (x * y), 0.75 / (x * z) + 1 / (y * z)]
    after = [0, 0.75 * 2 / (x * y), 0.75 * 0.5 / (x * z) + 1 / (y * z)]
    # 10 and 5 days ago, with a half-life of 5: a quarter and a half; y just now.
    wanted = {"itself": np.log1p([0.75, 1.0, 0.0]), "together": together, "after": after}
    assert list(parts) == list(wanted)
    for name, part in parts.items():
        np.testing.assert_allclose(part.toarray(), [[0, 0, 0], wanted[name]], rtol=1e-6)


def test_only_the_latest_events_count():
    config = EXACT.model_copy(update={"events": 2})
    short = LOG.filter(~((pl.col("user_id") == "a") & (pl.col("item_id") == "x")))
    assert_equal(fitted(config=config), fitted(short, config=config))
    part = fitted(config=config).parts(LOG, ["a"], END)["itself"].toarray()
    assert (part > 0).tolist() == [[False, True, True]]


def test_nothing_at_or_after_as_of_is_read():
    later = log_of(("a", "x", 10), ("b", "z", 10), ("b", "z", 11))
    assert_equal(fitted(pl.concat([LOG, later])), fitted())
    one, two = (fitted().parts(events, ["a", "b"], END) for events in (LOG, pl.concat([LOG, later])))
    for name in one:
        np.testing.assert_array_equal(one[name].toarray(), two[name].toarray())
    moved = fitted(pl.concat([LOG, later]), as_of=END + timedelta(microseconds=1))
    assert moved.version != fitted().version


def test_the_order_of_rows_does_not_matter_but_that_of_equal_times_is_by_row():
    assert_equal(fitted(LOG.reverse()), fitted())
    tied = log_of(("a", "x", 0), ("a", "y", 0))
    assert fitted(tied).tables["after"].toarray().tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]


def test_items_outside_the_catalogue_and_empty_logs_leave_empty_tables():
    odd = log_of(("a", "x", 0), ("a", "gone", 1), ("a", None, 2), ("a", "y", 3))
    assert_equal(fitted(odd), fitted(log_of(("a", "x", 0), ("a", "y", 3))))
    for items in (("x", "y"), ()):
        empty = fitted(LOG.clear(), items)
        assert {name: (table.shape, table.nnz) for name, table in empty.tables.items()} == {
            name: ((len(items), len(items)), 0) for name in ("together", "after")
        }
        assert {part.shape for part in empty.parts(LOG, ["a", "b"], END).values()} == {(2, len(items))}
    assert {part.shape for part in fitted().parts(LOG, [], END).values()} == {(0, 3)}


def test_of_equal_neighbours_the_smaller_ids_are_kept():
    events = log_of(*[(user, item, day) for user in "ab" for day, item in enumerate("wxyz")])
    config = EXACT.model_copy(update={"neighbours": 2, "steps": 100})
    together = fitted(events, "zyxw", config=config).tables["together"].toarray()
    assert (together > 0).tolist() == [
        [False, True, True, False],
        [True, False, True, False],
        [True, True, False, False],
        [True, True, False, False],
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(0, 8)), max_size=40), st.integers(1, 4))
def test_tables_equal_counting_pair_by_pair(rows, steps):
    events = log_of(*[(f"u{user}", f"v{item}", day) for user, item, day in rows])
    config = EXACT.model_copy(update={"steps": steps})
    found = fitted(events, [f"v{item}" for item in range(6)], config=config).tables
    had, after = np.zeros((5, 6)), np.zeros((6, 6))
    for user in range(5):
        # Days are not in order among the rows: stable sorting by day is what (time, row) means.
        own = [item for who, item, day in sorted(rows, key=lambda row: row[2]) if who == user]
        had[user, own] = 1
        for place, item in enumerate(own):
            for step, other in enumerate(own[place + 1 : place + 1 + steps], start=1):
                after[item, other] += (item != other) / step
    scale = np.sqrt(np.outer(had.sum(axis=0), had.sum(axis=0)))
    together = had.T @ had * (1 - np.eye(6))
    for name, counts in {"together": together, "after": after}.items():
        wanted = np.divide(counts, scale, out=np.zeros((6, 6)), where=scale > 0)
        np.testing.assert_allclose(found[name].toarray(), wanted, rtol=1e-5)


@pytest.mark.parametrize("at_once", [1, 7, 40])
def test_blocks_of_pairs_do_not_change_the_tables(monkeypatch, at_once):
    rng = np.random.default_rng(0)
    events = log_of(*[(f"u{rng.integers(30)}", f"v{rng.integers(12):02}", day / 90) for day in range(400)])
    items, config = [f"v{row:02}" for row in range(14)], EXACT.model_copy(update={"neighbours": 4})
    whole = fitted(events, items, config=config)
    monkeypatch.setattr("intentrec.retrieval.memory._PAIRS_AT_ONCE", at_once)
    assert_equal(fitted(events, items, config=config), whole)


def test_scores_are_the_weighted_sum_of_the_parts():
    memory, users = fitted(), ["a", "c", "nobody"]
    parts = memory.parts(LOG, users, END)
    wanted = sum(
        weight * parts[name].toarray() for name, weight in (("itself", 0.5), ("together", 2.0), ("after", 3.0))
    )
    found = remembered(memory, (0.5, 2.0, 3.0)).scores(LOG, users, END)
    np.testing.assert_allclose(found.toarray(), wanted, rtol=1e-6)
    assert not remembered(memory, (0.0, 0.0, 0.0)).scores(LOG, users, END).nnz


def test_weights_go_by_the_number_of_events_of_the_kinds_that_count():
    history = log_of(("a", "x", 0), ("a", "x", 1, "view"), ("b", "x", 0), ("b", "y", 1), ("b", "y", 11))
    by_length = remembered(weights=((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), edges=(1,))
    parts = fitted().parts(history.filter(pl.col("event") == "buy"), ["a", "b"], END)
    found = by_length.scores(history, ["a", "b"], END).toarray()
    np.testing.assert_allclose(found[0], parts["itself"].toarray()[0], rtol=1e-6)
    np.testing.assert_allclose(found[1], parts["together"].toarray()[1], rtol=1e-6)


def test_only_the_largest_scores_of_a_user_are_recalled():
    whole = remembered().scores(LOG, ["a", "b"], END).toarray()
    best = remembered(recalled=1).scores(LOG, ["a", "b"], END).toarray()
    np.testing.assert_array_equal(best, np.where(whole == whole.max(axis=1, keepdims=True), whole, 0))


def test_scores_do_not_depend_on_who_else_is_asked_for():
    users = ["a", "b", "c"]
    together = remembered().scores(LOG, users, END).toarray()
    alone = [remembered().scores(LOG, [user], END).toarray()[0] for user in users]
    np.testing.assert_array_equal(together, alone)


def test_events_are_counted_for_those_who_have_none_too():
    assert events_of(LOG, ["c", "nobody", "a"]).tolist() == [1, 0, 3]


def test_what_was_saved_scores_as_before(tmp_path):
    saved = remembered(weights=((0.5, 2.0, 3.0), (1.0, 0.0, 0.25)), edges=(2,), decay=0.3)
    saved.save(tmp_path / "memory")
    loaded = Remembered.load(tmp_path / "memory")
    assert (loaded.blend, loaded.kinds) == (saved.blend, saved.kinds)
    assert_equal(loaded.memory, saved.memory)
    one, two = (which.scores(LOG, ["a", "b"], END).toarray() for which in (saved, loaded))
    np.testing.assert_array_equal(one, two)
    found = Remembered.find(tmp_path / "memory")
    assert found is not None
    assert found.memory.version == saved.memory.version


def test_a_memory_of_no_items_can_be_saved(tmp_path):
    fitted(LOG.clear(), ()).save(tmp_path)
    assert Memory.load(tmp_path).tables["after"].shape == (0, 0)


def test_the_version_tells_one_memory_from_another():
    changed = [
        fitted(LOG.head(5)),
        fitted(items=("x", "y", "w")),
        fitted(items=("x", "y", "z", "zz")),
        fitted(config=EXACT.model_copy(update={"decay": 0.9})),
    ]
    assert len({memory.version for memory in [fitted(), *changed]}) == 5
    renamed = LOG.with_columns(pl.col("item_id").replace({"x": "p", "y": "q", "z": "r"}))
    assert fitted(renamed, ("p", "q", "r")).version != fitted().version
    assert fitted(LOG.reverse()).version == fitted().version


def test_an_empty_folder_holds_no_memory(tmp_path):
    assert not Memory.is_in(tmp_path)
    assert Remembered.find(tmp_path) is None
    with pytest.raises(NotFittedError, match=r"no memory.safetensors in .*Train the towers first"):
        Remembered.load(tmp_path)


def test_a_folder_that_lost_its_weights_is_named(tmp_path):
    remembered().save(tmp_path)
    (tmp_path / "blend.json").write_text('{"kinds": ["buy"]}', "utf-8")
    with pytest.raises(DataError, match=r"blend.json is damaged"):
        Remembered.load(tmp_path)
    (tmp_path / "blend.json").unlink()
    with pytest.raises(NotFittedError, match=r"no blend.json"):
        Remembered.find(tmp_path)


def test_a_damaged_or_foreign_file_is_named(tmp_path):
    file = tmp_path / "memory.safetensors"
    fitted().save(tmp_path)
    arrays = load_file(file)
    save_file(arrays, file)
    with pytest.raises(DataError, match="names no settings; it was not written by intentrec"):
        Memory.load(tmp_path)
    fitted_config = {"config": EXACT.model_dump_json()}
    save_file({name: array for name, array in arrays.items() if name != "after.items"}, file, metadata=fitted_config)
    with pytest.raises(DataError, match=r"damaged: 'after.items'"):
        Memory.load(tmp_path)
    save_file(arrays | {"together.starts": arrays["together.starts"][:2]}, file, metadata=fitted_config)
    with pytest.raises(DataError, match="damaged"):
        Memory.load(tmp_path)
    file.write_bytes(b"short")
    with pytest.raises(DataError, match="damaged"):
        Memory.load(tmp_path)


def assert_equal(one, other):
    assert one.items.tolist() == other.items.tolist()
    assert one.config == other.config
    for name in ("together", "after"):
        np.testing.assert_array_equal(one.tables[name].toarray(), other.tables[name].toarray())


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("wxyzq"), st.floats(0, 9), st.sampled_from(["buy", "look"]))
    ),
    st.sampled_from([1, 2, 200]),
)
def test_one_user_without_tables_is_told_the_same(rows, latest):
    events, items = log_of(*rows), ("w", "x", "y", "z")  # q is not among them
    memory = fitted(events, items, config=EXACT.model_copy(update={"events": latest}))
    told = Remembered(
        memory, Blend(("itself", "together", "after"), (2,), ((2.0, 1.0, 0.0), (1.0, 0.5, 3.0))), ("buy",)
    )
    whole = told.scores(events, ["a"], END)
    past = events.filter(user_id="a", event="buy").sort("timestamp", "row")
    place = {item: row for row, item in enumerate(items)}
    at = np.array([place.get(item, -1) for item in past["item_id"]], dtype=np.int64)
    times = past["timestamp"].dt.epoch("us").to_numpy()
    found = told.scores_of_one(at, times, past.height, END)
    assert found.toarray().tolist() == whole.toarray().tolist()
    for row, item in enumerate(items):
        assert told.shares_of_one(at, times, past.height, END, row) == told.shares(events, "a", END, item)
    assert set(told.shares_of_one(at, times, past.height, END, -1).values()) <= {0.0}


@pytest.mark.parametrize("users", [1, 3])
def test_neighbours_of_few_events_are_summed_as_a_product_sums_them(users):
    rng = np.random.default_rng(2)
    table = sparse.random_array((400, 400), density=0.02, rng=rng, dtype=np.float32, format="csr")
    lately = sparse.csr_array(
        (rng.random(4 * users, dtype=np.float32), (np.repeat(np.arange(users), 4), rng.integers(400, size=4 * users))),
        shape=(users, 400),
    )
    assert np.diff(table.indptr)[lately.indices].sum() < 400  # so that they are gathered
    assert memory_module._summed(lately, table).toarray().tolist() == (lately @ table).toarray().tolist()
