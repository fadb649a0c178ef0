import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoder_world import data_of, events, impressions, items
from intentrec.encoder.config import EncoderConfig

SHELF = items(a="a", b="b", c="c", d="d")


def timeline(log, passed=None, **changes):
    return data_of(log, SHELF, EncoderConfig(**changes), passed=passed).histories


def latest(line, user, most=10, end=None):
    end = int(line.starts[user + 1]) if end is None else end
    return [("abcd"[item], shown) for item, shown in line.latest(user, end, most)]


def test_the_distinct_items_of_a_user_come_latest_first():
    line = timeline(events("u a 1", "u b 2", "v d 2.5", "u a 3", "u c 2"))
    assert latest(line, 0) == [("a", False), ("c", False), ("b", False)]
    assert latest(line, 1) == [("d", False)]


def test_no_more_than_asked_are_found():
    line = timeline(events("u a 1", "u b 2", "u a 3", "u c 4"))
    assert [name for name, _ in latest(line, 0, most=2)] == ["c", "a"]
    assert latest(line, 0, most=0) == []


def test_a_history_ends_where_it_is_told_to():
    line = timeline(events("u a 1", "u b 2", "v d 2", "u c 3"))
    assert [latest(line, 0, end=end) for end in (0, 1, 2)] == [[], [("a", False)], [("b", False), ("a", False)]]
    assert latest(line, 1, end=int(line.starts[1])) == []


def test_what_was_shown_is_history_only_where_asked():
    log, passed = events("u a 2"), impressions("u b 1", "u c 3", "u a 1.5", "u d 2.5 clicked")
    assert latest(timeline(log, passed), 0) == [("a", False)]
    assert latest(timeline(log, passed, history="all"), 0) == [("c", True), ("a", False), ("b", True)]


def test_the_latest_meeting_with_an_item_says_whether_it_was_taken():
    line = timeline(events("u a 1"), impressions("u a 2"), history="all")
    assert latest(line, 0) == [("a", True)]
    assert latest(line, 0, end=1) == [("a", False)]


def test_at_one_moment_what_was_taken_comes_before_what_was_shown():
    line = timeline(events("u b 1", "u a 1"), impressions("u c 1"), history="all")
    assert latest(line, 0) == [("c", True), ("a", False), ("b", False)]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("uvw"), st.sampled_from("abcd"), st.integers(0, 8)), min_size=1))
def test_every_user_reads_its_own_events_in_time_order(rows):
    log = events(*(" ".join(map(str, row)) for row in rows))
    line = timeline(log)
    for code, user in enumerate(sorted({row[0] for row in rows})):
        own = [item for who, item, _ in sorted(rows, key=lambda row: row[2]) if who == user]
        expected = list(dict.fromkeys(reversed(own)))
        assert [name for name, _ in latest(line, code)] == expected


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_shorter_history_is_the_latest_part_of_a_longer_one(most):
    line = timeline(events("u a 1", "u b 2", "u a 3", "u c 4"))
    assert latest(line, 0, most) == latest(line, 0)[:most]
