import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoder_world import START, data_of, events, impressions, items
from intentrec.data.log import DAY, seconds
from intentrec.encoder.config import EncoderConfig
from intentrec.encoder.examples import Examples, moment_starts
from intentrec.errors import DataError

SHELF = items(a="a", b="b", c="c", d="d")
ROWS = st.lists(st.tuples(st.sampled_from("uvw"), st.sampled_from("abcd"), st.integers(0, 9)), min_size=1, max_size=20)


def made(log, passed=None, **changes):
    data = data_of(log, SHELF, EncoderConfig(**({"validation_days": 0.0} | changes)), passed=passed)
    return data, Examples.of(data)


def told(data, examples):
    """Each pair in words: who took what on which day, knowing what."""
    found = []
    for user, item, time, end in zip(examples.user, examples.item, examples.time, examples.end, strict=True):
        known = "".join("abcd"[code] for code, _ in reversed(data.histories.latest(int(user), int(end), 99)))
        found.append((data.users.names[user], "abcd"[item], round((time - seconds(START)) / DAY, 3), known))
    return sorted(found, key=lambda row: (row[0], row[2], row[1]))


def log_of(rows):
    return events(*(" ".join(map(str, row)) for row in rows))


def test_each_event_with_an_earlier_one_is_a_pair():
    pairs = told(*made(events("u a 1", "u b 2", "v c 2", "u c 3", "v a 4")))
    assert pairs == [("u", "b", 2, "a"), ("u", "c", 3, "ab"), ("v", "a", 4, "c")]


def test_a_moment_starts_where_user_or_time_changes():
    user, time = np.array([0, 0, 0, 1, 1, 1]), np.array([1.0, 2.0, 2.0, 2.0, 2.0, 3.0])
    assert moment_starts(user, time).tolist() == [0, 1, 1, 3, 3, 5]
    assert moment_starts(user[:0], time[:0]).tolist() == []


def test_a_basket_is_not_history_of_itself():
    basket = events("u a 1", "u b 2", "u c 2", "u d 3")
    assert told(*made(basket)) == [("u", "b", 2, "a"), ("u", "c", 2, "a"), ("u", "d", 3, "abc")]


def test_within_a_moment_rows_are_read_in_order_where_asked():
    basket = events("u a 1", "u b 1", "u c 1")
    assert told(*made(basket, within_moment=True)) == [("u", "b", 1, "a"), ("u", "c", 1, "ab")]
    with pytest.raises(DataError, match=r"set encoder.within_moment if all events of a user have the same time"):
        made(basket)


@pytest.mark.parametrize("changes", [{}, {"history": "all"}])
@settings(max_examples=40)
@given(rows=ROWS, shown=ROWS)
def test_no_pair_knows_anything_of_its_own_moment_or_later(changes, rows, shown):
    log = log_of([*rows, ("x", "a", 1), ("x", "b", 2)])
    data, examples = made(log, impressions(*(" ".join(map(str, row)) for row in shown)), **changes)
    assert (data.histories.time[examples.end - 1] < examples.time).all()
    assert (examples.moments[examples.moment] <= examples.time).all()


def test_taking_again_is_a_pair_only_where_asked():
    log = events("u a 1", "u b 2", "u a 3", "u b 4")
    assert [pair[:3] for pair in told(*made(log))] == [("u", "b", 2), ("u", "a", 3), ("u", "b", 4)]
    assert [pair[:3] for pair in told(*made(log, repeats=False))] == [("u", "b", 2)]


def test_the_window_is_held_out():
    data, examples = made(events("u a 1", "u b 5", "u c 7", "v a 2", "v b 6.999"), validation_days=3.0)
    assert told(data, examples) == [("u", "b", 5, "a"), ("v", "b", 6.999, "a")]
    assert data.histories.time[data.held_out()].tolist() == [seconds(START) + 7 * DAY]


def test_the_last_event_of_each_user_is_held_out():
    log = events("u a 1", "u b 5", "u c 7", "v a 2", "v b 6", "w d 8")
    data, examples = made(log, validation="last")
    assert told(data, examples) == [("u", "b", 5, "a")]
    assert int(data.held_out().sum()) == 2  # who has one event only keeps it


@pytest.mark.parametrize("validation", ["window", "last"])
@pytest.mark.parametrize("history", ["positives", "all"])
@settings(max_examples=40)
@given(rows=ROWS, shown=ROWS)
def test_nothing_that_is_held_out_is_among_the_pairs(validation, history, rows, shown):
    log = log_of([*rows, ("x", "a", 1), ("x", "b", 2), ("x", "c", 3)])
    passed = impressions(*(" ".join(map(str, row)) for row in shown))
    data, examples = made(log, passed, validation=validation, validation_days=4.0, history=history)
    line, held = data.histories, data.held_out()
    assert not held[line.shown].any()
    left = [(u, t, i) for u, t, i in zip(line.user[~held], line.time[~held], line.item[~held], strict=True)]
    for pair in zip(examples.user, examples.time, examples.item, strict=True):
        left.remove(pair)  # each pair is an event of its own that is not held out
    if validation == "window":
        assert (examples.time < data.since).all()


def test_impressions_are_history_but_never_positives():
    data, examples = made(events("u a 1", "u b 3", "v a 1"), impressions("u c 2", "v d 5"), history="all")
    assert told(data, examples) == [("u", "b", 3, "ac")]


def test_the_numbers_of_a_pair_are_of_the_latest_moment_before_it():
    log = events("u a 0", *(f"u {'abcd'[n % 4]} {n}" for n in range(1, 9)))
    _, examples = made(log, moments=4)
    days = (examples.moments - seconds(START)) / DAY
    assert days.tolist() == [1, 2, 4, 6]
    assert examples.moment.tolist() == [0, 1, 1, 2, 2, 3, 3, 3]


def test_chosen_pairs_keep_their_order():
    _, examples = made(events("u a 1", "u b 2", "u c 3", "u d 4"))
    chosen = examples.rows(np.array([2, 0]))
    assert (len(chosen), chosen.item.tolist(), chosen.end.tolist()) == (2, [3, 1], [3, 1])
