from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentrec.data import visible, visible_users
from intentrec.errors import DataError
from intentrec.tables import EVENTS, ITEMS

CUT = datetime(2024, 1, 10, tzinfo=UTC)


def day(number: int) -> datetime:
    return datetime(2024, 1, number, tzinfo=UTC)


def items(**created: int | None) -> pl.DataFrame:
    return ITEMS.rows({"item_id": i, "title": i, "created_at": day(d) if d else None} for i, d in created.items())


def test_an_item_is_visible_from_its_creation_or_else_from_its_first_event(log):
    given_items = items(created_before=9, created_at_cut=10, sold_before=None, sold_at_cut=None, never=None)
    events = log(("u", 9, "sold_before"), ("u", 10, "sold_at_cut"), ("v", 11, "sold_before"))
    known, seen = visible(given_items, events, CUT)
    assert known["item_id"].to_list() == ["created_before", "sold_before", "never"]
    assert seen["row"].to_list() == [0]


def test_events_of_a_hidden_item_are_hidden_with_it(log):
    known, seen = visible(items(a=12, b=1), log(("u", 5, "a"), ("u", 6, "b")), CUT)
    assert known["item_id"].to_list() == ["b"]
    assert seen["item_id"].to_list() == ["b"]


def test_searches_are_kept_when_items_are_hidden(log):
    _, seen = visible(items(a=12), log(("u", 5, "a"), ("u", 6, None, "search")), CUT)
    assert seen["event"].to_list() == ["search"]


def test_items_without_a_column_for_their_creation(log):
    frame = pl.DataFrame({"item_id": ["b", "a"], "title": ["b", "a"]})
    known, _ = visible(frame, log(("u", 11, "a")), CUT)
    assert known.rows() == [("b", "b")]


def test_users_who_come_later_are_hidden(log):
    users = pl.DataFrame({"user_id": ["late", "silent", "early"]})
    events = log(("early", 9, "a"), ("early", 12, "a"), ("late", 10, "a"))
    assert visible_users(users, events, CUT)["user_id"].to_list() == ["silent", "early"]


def test_a_time_without_a_zone_is_refused(log):
    with pytest.raises(DataError, match=r"write it as 2024-01-10T00:00:00\+00:00"):
        visible(items(a=1), log(), datetime(2024, 1, 10))
    with pytest.raises(DataError, match="no time zone"):
        visible_users(pl.DataFrame({"user_id": ["u"]}), log(), datetime(2024, 1, 10))


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 20) | st.none(), min_size=1),
    st.lists(st.tuples(st.sampled_from("uv"), st.integers(1, 20), st.sampled_from("abcd"))),
    st.integers(1, 20),
)
def test_what_is_visible_does_not_depend_on_later_rows(created, rows, cut):
    """Cutting the log at `cut` by hand gives the same as looking at the whole of it."""

    def events_of(chosen):
        return EVENTS.rows(
            {"row": n, "user_id": u, "timestamp": day(d), "event": "view", "item_id": i} for n, u, d, i in chosen
        )

    numbered = [(n, *row) for n, row in enumerate(rows)]
    known, seen = visible(items(**created), events_of(numbered), day(cut))
    before = [row for row in numbered if row[2] < cut]
    assert seen["row"].to_list() == [row[0] for row in before if row[3] not in created or (created[row[3]] or 0) < cut]
    first = {i: min(d for _, _, d, other in numbered if other == i) for i in {row[3] for row in numbered}}
    assert known["item_id"].to_list() == [i for i, d in created.items() if (d or first.get(i, 0)) < cut]
