"""A user's timeline and profile, and what of them is marked."""

from datetime import UTC, datetime, timedelta

import polars as pl

from intentrec.serving.explorer.story import events_of, profile_head, profile_lines, timeline
from intentrec.serving.live import LiveEvent
from intentrec.tables import EVENTS

START = datetime(2025, 1, 30, tzinfo=UTC)
PROFILE = {
    "text": "country: Finland\n1. 2025-02 (purchase) | cup, pot\n2. 2025-01 (search) | cup",
    "lines": [
        {"text": "2025-02 (purchase) | cup, pot", "rows": [2, 3]},
        {"text": "2025-01 (search) | cup", "rows": [1]},
    ],
}


def history(n: int) -> pl.DataFrame:
    rows = [
        {
            "row": row,
            "user_id": "u",
            "timestamp": START + timedelta(days=row),
            "event": "purchase",
            "item_id": f"i{row}",
        }
        for row in range(1, n)
    ]
    return EVENTS.rows([{"row": 0, "user_id": "u", "timestamp": START, "event": "search", "query": "cup"}, *rows])


def test_the_latest_comes_first_and_what_came_in_since_is_told_apart() -> None:
    since = LiveEvent(event_id="e", user_id="u", timestamp=START + timedelta(days=9), event="cart", item_id="i9")
    found = events_of(history(3), [(-5, since)], str.upper, lit=[0, -5])
    assert [(event.row, event.kind, event.what, event.lit, event.live) for event in found] == [
        (-5, "cart", "I9", True, True),
        (2, "purchase", "I2", False, False),
        (1, "purchase", "I1", False, False),
        (0, "search", "cup", True, False),
    ]


def test_a_short_timeline_keeps_what_is_marked() -> None:
    events = events_of(history(5), [], str, lit=[0])
    found = timeline(events, 2)
    rows = [(month, [event.row for each in group for event in each.events]) for month, group in found.months]
    assert rows == [("February 2025", [4, 3]), ("January 2025", [0])]
    assert (found.shown, found.total) == (3, 5)
    assert timeline(events, None).shown == 5


def test_what_was_done_at_once_is_one_occasion() -> None:
    rows = history(3).with_columns(timestamp=pl.lit(START))
    ((_, occasions),) = timeline(events_of(rows, [], str), None).months
    assert [(each.kind, [event.row for event in each.events]) for each in occasions] == [
        ("purchase", [2, 1]), ("search", [0]),
    ]  # fmt: skip


def test_lines_are_numbered_and_marked_by_their_rows() -> None:
    assert [(line.number, line.lit) for line in profile_lines(PROFILE, [3, 7])] == [(1, True), (2, False)]
    assert profile_lines(None) == []


def test_the_head_of_a_profile_is_what_stands_before_its_lines() -> None:
    assert profile_head(PROFILE) == "country: Finland"
    assert profile_head({"text": "country: Finland", "lines": []}) == "country: Finland"
    assert profile_head(None) == ""
