import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sequence_world import log_of

from intentrec.data.log import DAY
from intentrec.errors import DataError
from intentrec.towers.sequence import SequenceConfig
from intentrec.towers.sequence.queries import queries
from intentrec.towers.sequence.sequences import Sequences

ROWS = [
    (0, 1, 0.1),
    (0, 2, 0.2),
    (0, 3, 2.0),
    (0, 3, 2.5),
    (0, 4, 2.6),
    (0, 5, 9.0),
    (1, 6, 0.5),
    (2, 7, 1.0),
    (2, 8, 1.2),
]


def asked(rows, **settings):
    sequences = Sequences.of(log_of(rows))
    found = queries(sequences, SequenceConfig(**settings))
    rows, items = found.answers(np.arange(len(found)), sequences.item, sequences.n_items)
    answers = [items[rows == number].tolist() for number in range(len(found))]
    return [(int(event), answer) for event, answer in zip(found.event, answers, strict=True)], found


def test_next_asks_after_every_event_but_the_last():
    found, queried = asked(ROWS, target="next")
    assert found == [(0, [2]), (1, [3]), (2, [3]), (3, [4]), (4, [5]), (7, [8])]
    assert (queried.time / DAY).round(1).tolist() == [0.2, 2.0, 2.5, 2.6, 9.0, 1.2]


def test_session_asks_at_the_end_of_each_day_for_the_next_active_day():
    found, queried = asked(ROWS, target="session")
    assert found == [(1, [3, 4]), (4, [5])]  # user 2 has one day only
    assert (queried.time / DAY).tolist() == [2.0, 9.0]


def test_window_asks_for_all_of_the_horizon_from_the_next_event_on():
    assert asked(ROWS, target="window", horizon_days=7.0)[0] == [(1, [3, 4]), (4, [5])]  # day 9 is 7 days on: outside
    assert asked(ROWS, target="window", horizon_days=7.1)[0] == [(1, [3, 4, 5]), (4, [5])]


def test_answers_of_chosen_questions_come_in_their_order():
    sequences = Sequences.of(log_of(ROWS))
    found = queries(sequences, SequenceConfig(target="session"))
    rows, items = found.answers(np.array([1, 0]), sequences.item, sequences.n_items)
    assert (rows.tolist(), items.tolist()) == ([0, 1, 1], [5, 3, 4])


@pytest.mark.parametrize(("target", "message"), [("next", "events twice"), ("window", "events on two days")])
def test_nothing_to_ask_is_said_plainly(target, message):
    with pytest.raises(DataError, match=message):
        asked([(0, 1, 0.1), (1, 2, 0.2)], target=target)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8), st.integers(0, 40)), min_size=1, max_size=40),
    st.sampled_from(["next", "session", "window"]),
)
def test_answers_are_what_a_slow_look_at_the_log_finds(rows, target):
    rows = [(user, item, quarter / 4) for user, item, quarter in rows]
    slow = {}
    for user in range(4):
        own = [(item, day) for _, item, day in sorted((row for row in rows if row[0] == user), key=lambda row: row[2])]
        for place, (_, day) in enumerate(own[:-1]):
            following = own[place + 1]
            if target != "next" and int(following[1]) == int(day):
                continue
            ahead = own[place + 1 :]
            if target == "next":
                ahead = ahead[:1]
            elif target == "session":
                ahead = [event for event in ahead if int(event[1]) == int(following[1])]
            else:
                ahead = [event for event in ahead if event[1] < following[1] + 3]
            slow[user, place] = sorted({item for item, _ in ahead})
    if not slow:
        return
    found, _ = asked(rows, target=target, horizon_days=3.0)
    sequences = Sequences.of(log_of(rows))
    got = {(int(sequences.user[e]), int(e - sequences.starts[sequences.user[e]])): items for e, items in found}
    assert got == slow
