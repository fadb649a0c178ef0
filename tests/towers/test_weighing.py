from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from intentrec.codes import Codes
from intentrec.retrieval.blend import Blend, Dense
from intentrec.retrieval.memory import PARTS, Memory, MemoryConfig
from intentrec.towers import Towers, TowersConfig
from intentrec.towers.weighing import weigh

START = datetime(2024, 1, 1, tzinfo=UTC)
CUT = START + timedelta(days=50)
ITEMS = ("p", "q", "r", "s")


SHELF = pl.DataFrame({"item_id": list(ITEMS)})


def log_of(*rows):
    """Rows of user, item and day."""
    columns = {
        "user_id": [row[0] for row in rows],
        "item_id": [row[1] for row in rows],
        "timestamp": [START + timedelta(days=row[2]) for row in rows],
        "event": ["buy"] * len(rows),
        "row": list(range(len(rows))),
    }
    schema = {"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Datetime("us", "UTC")}
    return pl.DataFrame(columns, schema_overrides=schema | {"event": pl.String, "row": pl.Int64})


PAST = log_of(("ann", "p", 1), ("ann", "q", 2), ("ann", "q", 3), ("bob", "r", 4), ("gone", "p", 5))
LATER = log_of(("ann", "q", 60), ("ann", "r", 61), ("ann", "r", 62), ("bob", "s", 63), ("newcomer", "p", 64))


def held_out(past=PAST, parts=("memory",), fresh=None):
    memory = Memory.fit(past, ITEMS, CUT, MemoryConfig())
    config = TowersConfig(parts=parts)
    return Towers(config, CUT, Codes(ITEMS), {"buy": 1.0}, None, None, memory, Blend.equal(PARTS), fresh)


@pytest.fixture
def asked(monkeypatch):
    """What the fit of the weights is given."""
    found = []

    def fit_blend(parts, wanted, **options):
        found.append((parts, wanted, options))
        return Blend.equal(tuple(parts), 0.5)

    monkeypatch.setattr("intentrec.towers.weighing.fit_blend", fit_blend)
    return found


def test_what_came_out_later_does_not_compete(asked):
    days = pl.Series([START, None, CUT, CUT + timedelta(days=1)], dtype=pl.Datetime("us", "UTC"))
    weigh(held_out(), PAST, LATER, SHELF.with_columns(created_at=days), TowersConfig(), seed=0)
    weigh(held_out(), PAST, LATER, SHELF, TowersConfig(), seed=0)
    assert [wanted.there.tolist() for _, wanted, _ in asked] == [[True, True, False, False], [True] * 4]


def test_those_who_came_back_are_judged_by_what_they_took_each_item_once(asked):
    assert weigh(held_out(), PAST, LATER, SHELF, TowersConfig(), seed=0).weights == ((0.5, 0.5, 0.5),)
    parts, wanted, options = asked[0]
    assert list(zip(wanted.rows.tolist(), wanted.items.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 3)]
    assert wanted.seen.toarray().tolist() == [[1, 1, 0, 0], [0, 0, 1, 0]]
    assert wanted.known.tolist() == [True, True, True, False]
    assert wanted.n_events.tolist() == [3, 1]
    assert list(parts) == list(PARTS)
    mine = held_out().memory.parts(PAST, ["ann", "bob"], CUT)
    for name, part in parts.items():
        np.testing.assert_array_equal(part.toarray(), mine[name].toarray())
    assert options == {"edges": (5, 20), "k": 100, "repeats": True}


def test_dense_parts_come_first_and_say_what_serving_says(asked):
    towers = held_out(parts=("memory", "fresh"), fresh=np.array([False, False, False, True]))
    weigh(towers, PAST, LATER, SHELF, TowersConfig(), seed=0)
    parts = asked[0][0]
    assert list(parts) == ["fresh", *PARTS]
    assert (parts["fresh"].users @ parts["fresh"].items.T).tolist() == [[0, 0, 0, 1]] * 2


def test_settings_say_how_lists_are_judged(asked):
    config = TowersConfig(blend_edges=(1, 7), blend_at=5, repeats=False)
    weigh(held_out(), PAST, LATER, SHELF, config, seed=0)
    assert asked[0][2] == {"edges": (1, 7), "k": 5, "repeats": False}


def test_items_outside_the_catalogue_are_no_targets(asked):
    weigh(held_out(), PAST, log_of(("ann", "elsewhere", 60), ("bob", "s", 61)), SHELF, TowersConfig(), seed=0)
    wanted = asked[0][1]
    assert wanted.items.tolist() == [3]


@pytest.mark.parametrize("later", [LATER.clear(), LATER.filter(pl.col("user_id") == "newcomer")])
def test_where_nobody_came_back_the_weights_stay(asked, later):
    towers = held_out()
    assert weigh(towers, PAST, later, SHELF, TowersConfig(), seed=0) is towers.blend
    assert asked == []


def test_a_sample_of_users_is_the_same_for_the_same_seed(asked):
    users = [f"u{row:02}" for row in range(40)]
    past, later = (log_of(*[(user, item, day) for user in users]) for item, day in (("p", 1), ("q", 60)))
    for seed in (0, 0, 1):
        weigh(held_out(past), past, later, SHELF, TowersConfig(blend_users=10), seed=seed)
    assert [len(wanted.n_events) for _, wanted, _ in asked] == [10] * 3
    one, same, other = (parts["itself"].toarray().tolist() for parts, _, _ in asked)
    assert one == same == other  # every user has the same past
    weigh(held_out(past), past, later, SHELF, TowersConfig(blend_users=1000), seed=0)
    assert len(asked[-1][1].n_events) == 40


def right_only(users, right):
    """A part outside the towers that is certain of one item for each user."""
    names = list(ITEMS)
    wanted = np.zeros((len(users), len(names)), dtype=np.float32)
    for row, user in enumerate(users):
        wanted[row, names.index(right[user])] = 1.0
    return Dense(wanted, np.eye(len(names), dtype=np.float32))


def test_only_the_part_outside_the_towers_counts_where_it_alone_is_right():
    people = [f"u{n:03}" for n in range(40)]
    right = {user: "rs"[n % 2] for n, user in enumerate(people)}
    past = log_of(*[(user, "p", 1) for user in people], ("elder", "q", 2), ("elder", "r", 3), ("elder", "s", 4))
    later = log_of(*[(user, item, 60) for user, item in right.items()])
    asked_for = []

    def beside(users):
        asked_for.append(list(users))
        return {"encoder": right_only(users, right)}

    config = TowersConfig(blend_at=1, repeats=False)
    blend = weigh(held_out(past), past, later, SHELF, config, seed=0, beside=beside)
    assert asked_for == [people]
    assert blend.parts == ("encoder", *PARTS)
    assert blend.of("encoder", np.array([1, 50])).min() > 0
    for part in PARTS:
        assert not blend.of(part, np.array([1, 50])).any()


def test_a_part_outside_the_towers_that_is_wrong_counts_nothing():
    past = log_of(*[(f"u{n:03}", "pq"[n % 2], 1) for n in range(40)])
    later = log_of(*[(f"u{n:03}", "pq"[n % 2], 60) for n in range(40)])
    wrong = {f"u{n:03}": "rs"[n % 2] for n in range(40)}
    config = TowersConfig(blend_at=1)
    blend = weigh(
        held_out(past), past, later, SHELF, config, 0, beside=lambda users: {"encoder": right_only(users, wrong)}
    )
    assert not blend.of("encoder", np.array([1])).any()
    assert blend.of("itself", np.array([1])).all()
