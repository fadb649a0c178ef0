import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from intentrec.data import DataConfig, data_report
from intentrec.data.leaks import leak_risks
from intentrec.tables import EVENTS, IMPRESSIONS, ITEMS, QUARANTINE, USERS

GOLDEN = Path(__file__).parent / "golden"
DAY = datetime(2024, 1, 1, tzinfo=UTC)


def events(*rows: tuple[str, float, str | None, str]) -> pl.DataFrame:
    return EVENTS.rows(
        {"row": n, "user_id": u, "timestamp": DAY + timedelta(hours=h), "item_id": i, "event": k}
        for n, (u, h, i, k) in enumerate(rows)
    )


def report(log: pl.DataFrame, config: DataConfig | None = None, **tables: pl.DataFrame):
    given = {"items": ITEMS.empty(), "users": USERS.empty(), "impressions": IMPRESSIONS.empty()} | tables
    quarantine = given.pop("quarantine", QUARANTINE.empty())
    return data_report(given["items"], log, given["users"], given["impressions"], quarantine, config)


def refused(*rows: tuple[str, str, str]) -> pl.DataFrame:
    return QUARANTINE.rows({"table": t, "source": "f", "line": 1, "reason": r, "record": j} for t, r, j in rows)


def small_world():
    log = events(
        *((f"u{n % 3}", n, f"i{n % 4}", "view") for n in range(12)),
        ("u0", 0, "i1", "purchase"),
        ("bot", 0, "i0", "view"),
        *(("bot", 30, f"i{n % 4}", "click") for n in range(9)),
        ("u1", 40, None, "search"),
    )
    items = ITEMS.rows(
        {"item_id": f"i{n}", "title": f"Item {n}", "created_at": None if n else DAY + timedelta(hours=5)}
        for n in range(5)
    )
    users = pl.DataFrame(
        {"user_id": ["u0", "u1", "u2", "bot"], "country": ["FR", "UK", "UK", "DE"], "n_orders": [1, 0, 0, 0]}
    )
    quarantine = refused(
        ("events", "exact copy of an earlier row of the file", "{}"),
        ("events", "item_id is not among the items; ingest its item first", "{}"),
        ("events", "item_id is not among the items; ingest its item first", "{}"),
        ("items", "item_id comes again further down; the last row stands", '{"item_id": "i1", "title": "Old"}'),
        ("items", "item_id comes again further down; the last row stands", '{"item_id": "i2", "title": "Item 2"}'),
    )
    config = DataConfig(bot_events_per_day=8)
    return report(log, config, items=items, users=users, quarantine=quarantine)


def test_the_report_on_a_small_world_reads_as_reviewed():
    shown = [
        line
        for title, rows in small_world().sections()
        for line in (f"# {title}", *(" | ".join(row) for row in rows), "")
    ]
    golden = GOLDEN / "report.txt"
    assert "\n".join(shown) == golden.read_text(encoding="utf-8")


def test_the_report_is_plain_json():
    values = json.loads(json.dumps(small_world().as_dict()))
    assert values["rows"] == {"items": 5, "users": 4, "events": 24, "impressions": 0, "quarantine": 5}
    assert values["first"] == "2024-01-01T00:00:00+00:00"
    assert values["kinds"] == {"view": 13, "click": 9, "purchase": 1, "search": 1}
    assert values["unknown_items"] == pytest.approx(2 / 26)
    assert values["bot_like"] == [{"user_id": "bot", "events": 10, "most_in_a_day": 9}]
    assert {"table": "events", "reason": "exact copy of an earlier row of the file", "rows": 1} in values["refused"]


def test_nothing_stored_gives_a_report_of_zeros():
    empty = report(EVENTS.empty())
    assert [title for title, _ in empty.sections()] == ["Rows", "Users"]
    assert (empty.first, empty.ties, empty.unknown_items, empty.bot_like, empty.leaks) == (None, None, None, [], [])
    assert empty.as_dict()["first"] is None


def test_time_ties_are_within_a_user():
    assert report(events(("u", 1, "a", "view"), ("v", 1, "a", "view"))).ties == 0
    assert report(events(("u", 1, "a", "view"), ("u", 1, "b", "view"), ("u", 2, "b", "view"))).ties == pytest.approx(
        2 / 3
    )


def test_a_user_far_above_the_others_is_bot_like_without_a_busy_day():
    log = events(*((f"u{n}", n, "a", "view") for n in range(50)), *(("bot", 24 * n, "a", "view") for n in range(20)))
    found = report(log, DataConfig(bot_quantile=0.9))
    assert [bot.user_id for bot in found.bot_like] == ["bot"]
    assert found.n_bot_like == 1


def test_near_copies_agree_in_all_but_what_they_are_worth():
    assert report(events(("u", 1, "a", "view"), ("u", 1, "a", "view"), ("u", 1, "b", "view"))).near_duplicates == 1


def busy_log() -> pl.DataFrame:
    """User un and item in have n events each, the last on day n."""
    return events(*((f"u{n}", 24 * d, f"i{n}", "view") for n in range(1, 16) for d in range(1, n + 1)))


def where(**columns: pl.Series) -> list[str]:
    users = pl.DataFrame({"user_id": [f"u{n}" for n in range(1, 16)], **columns})
    return [
        f"{leak.where}: {leak.what}"
        for leak in leak_risks(ITEMS.empty(), busy_log(), users, QUARANTINE.empty(), DataConfig())
    ]


def test_a_number_that_follows_the_number_of_events_is_a_leak_risk():
    assert where(spend=pl.Series([n * n + 0.5 for n in range(15)])) == [
        "users.spend: follows the number of events (rank correlation 1.00)"
    ]
    assert where(age=pl.Series([40 + n * 7 % 15 for n in range(15)])) == []
    assert where(constant=pl.Series([1] * 15), unknown=pl.Series([None] * 15, dtype=pl.Int64)) == []


def test_a_time_that_equals_the_last_event_is_a_leak_risk():
    seen = pl.Series([DAY + timedelta(days=n) for n in range(1, 16)])
    assert where(seen=seen) == ["users.seen: equals the last event for 100% of the rows"]
    joined = pl.Series([DAY + timedelta(days=1)] * 15)
    assert where(joined=joined) == ["users.joined: equals the first event for 100% of the rows"]
    assert where(born=pl.Series([DAY - timedelta(days=n) for n in range(15)])) == []


@pytest.mark.parametrize("name", ["n_purchases", "last_ts", "avg_price", "order_count", "lifetime_value", "CTR"])
def test_a_name_of_a_total_is_a_leak_risk(name):
    assert where(**{name: pl.Series(["x"] * 15)}) == [f"users.{name}: is named like a total over the whole period"]


@pytest.mark.parametrize("name", ["country", "nation", "blast", "firstname", "price_group", "account"])
def test_an_ordinary_name_is_none(name):
    assert where(**{name: pl.Series(["x"] * 15)}) == []


def test_items_sold_before_they_were_created():
    items = ITEMS.rows([{"item_id": "i1", "title": "x", "created_at": DAY + timedelta(days=9)}])
    leaks = leak_risks(items, busy_log(), USERS.empty(), QUARANTINE.empty(), DataConfig())
    assert [leak.where for leak in leaks] == ["items.created_at"]
