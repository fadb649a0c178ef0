import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoder_world import data_of, events, impressions, items
from intentrec.encoder.config import EncoderConfig
from intentrec.encoder.examples import Examples
from intentrec.encoder.negatives import HardNegatives, Known

NAMES = "abcdefgh"
SHELF = items(*({"item_id": name, "title": name, "category": "xy"[name > "d"]} for name in NAMES))
ROWS = st.lists(st.tuples(st.sampled_from("uvw"), st.sampled_from(NAMES), st.integers(0, 9)), max_size=20)


def drawn(log, passed=None, shelf=SHELF, n=3, seed=0, **changes):
    config = EncoderConfig(**({"validation_days": 0.0} | changes))
    data = data_of(log, shelf, config, passed=passed)
    examples = Examples.of(data)
    found, shown = HardNegatives(data, Known.of(data)).draw(examples, n, np.random.default_rng(seed))
    return data, examples, found, shown


def names(found):
    return [{NAMES[item] if item >= 0 else None for item in row} for row in found.tolist()]


def rows(lines):
    return [" ".join(map(str, line)) for line in lines]


@pytest.mark.parametrize("history", ["positives", "all"])
def test_what_was_shown_and_passed_over_comes_first(history):
    log = events("u a 1", "u b 2")
    passed = impressions("u c 2", "u d 2", "u e 2 clicked", "v f 2")
    _, _, found, shown = drawn(log, passed, n=2, history=history)
    assert names(found) == [{"c", "d"}]
    assert shown == 2


def test_the_rest_is_mined_from_the_same_category():
    _, _, found, shown = drawn(events("u a 1", "u b 2"), impressions("u e 2"), n=3)
    (row,) = names(found)
    assert shown == 1
    assert "e" in row
    assert row <= {"c", "d", "e"}  # b's own category, without what u took


def test_a_category_of_one_falls_back_to_all_items():
    shelf = SHELF.with_columns(category=np.array([*"zyyyyyyy"]))
    _, _, found, _ = drawn(events("u b 1", "u a 2"), shelf=shelf, n=32)
    assert names(found) == [set("cdefgh")]


@pytest.mark.parametrize("shelf", [SHELF.drop("category"), SHELF.with_columns(category=None)])
def test_items_without_a_category_are_one_category(shelf):
    _, _, found, shown = drawn(events("u a 1", "u b 2"), shelf=shelf, n=32)
    assert names(found) == [set("cdefgh")]
    assert shown == 0


def test_popular_items_are_mined_more_often():
    others = [f"{user} c {day}" for user, day in (("v", 1), ("w", 1), ("x", 1), ("y", 1), ("z", 1))]
    _, examples, found, _ = drawn(events("u a 1", "u b 2", *others), n=1000)
    assert len(examples) == 1
    share = float((found == NAMES.index("c")).mean())
    assert share == pytest.approx(6 / 7, abs=0.03)  # taken five times against never, one added to both


def test_impressions_nearest_in_time_are_drawn_from():
    passed = impressions(*(f"u {'cd'[n % 2]} {4 + n / 100}" for n in range(32)), *("u e 1" for _ in range(40)))
    _, _, found, shown = drawn(events("u a 0", "u b 4"), passed, n=3)
    assert shown == 2
    assert "e" not in names(found)[0]


def test_impressions_of_the_window_are_not_drawn():
    passed = impressions("u e 8", "u f 2")
    _, _, found, shown = drawn(events("u a 1", "u b 2"), passed, n=1, validation_days=3.0)
    assert names(found) == [{"f"}]
    assert shown == 1


@settings(max_examples=40)
@given(rows_=ROWS, shown=ROWS, seed=st.integers(0, 9), validation=st.sampled_from(["window", "last"]))
def test_no_negative_was_ever_taken(rows_, shown, seed, validation):
    log = events(*rows(rows_), "x a 1", "x b 2", "x c 3")
    passed = impressions(*rows(shown), "x a 2", "x d 2")
    data, examples, found, _ = drawn(log, passed, seed=seed, validation=validation, validation_days=2.0)
    held = data.held_out()
    taken = set(zip(data.histories.user[~held].tolist(), data.histories.item[~held].tolist(), strict=True))
    for user, row in zip(examples.user.tolist(), found.tolist(), strict=True):
        assert not {(user, item) for item in row} & taken


def test_who_took_everything_has_no_negative():
    log = events(*(f"u {name} {place}" for place, name in enumerate(NAMES)))
    _, _, found, shown = drawn(log, impressions("u a 1"))
    assert (found == -1).all()
    assert shown == 0


def test_the_same_generator_draws_the_same():
    log, passed = events("u a 1", "u b 2", "v e 1", "v f 2"), impressions("u c 2", "u d 2", "u h 2", "u g 2")
    one, same, other = (drawn(log, passed, seed=seed)[2] for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_none_are_asked_for():
    _, examples, found, shown = drawn(events("u a 1", "u b 2"), impressions("u c 2"), n=0)
    assert (found.shape, shown) == ((len(examples), 0), 0)


@settings(max_examples=40)
@given(ROWS)
def test_who_took_what_is_known_but_for_what_is_held_out(rows_):
    log = events(*rows(rows_), "x a 1", "x b 9")
    data = data_of(log, SHELF, EncoderConfig(validation_days=3.0))
    known = Known.of(data).has(np.arange(len(data.users))[:, None], np.arange(len(NAMES))[None, :])
    expected = {(user, item) for user, item, day in [*rows_, ("x", "a", 1)] if day < 7}
    found = {(data.users.names[user], NAMES[item]) for user, item in np.argwhere(known)}
    assert found == expected


def test_nothing_is_known_of_an_empty_log():
    known = Known(np.empty(0, dtype=np.int64), 8)
    assert not known.has(np.arange(2)[:, None], np.arange(3)[None, :]).any()
