"""The fault script finds what is planted: a wrong list, a lost event, one that is there twice."""

import errno
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from benchmarks.serving.faults.checks import wrong_list
from benchmarks.serving.faults.disk import small_disk
from benchmarks.serving.faults.record import Record
from benchmarks.serving.faults.settled import wrong_events
from intentrec.tables import EVENTS

EXPECTED = {"r0001": {"u": [("a", 3.0), ("b", 2.0), ("c", 1.0)]}, "r0002": {"u": [("b", 3.0), ("a", 2.0)]}}
CATALOGUE = frozenset("abcd")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def body(release="r0001", source="stored", user="u", entries=(("a", 3.0), ("b", 2.0)), n=None):
    items = [{"item_id": item, "score": score} for item, score in entries]
    return {"release": release, "source": source, "user_id": user, "n": len(items) if n is None else n, "items": items}


@pytest.mark.parametrize(
    ("answer", "had", "found"),
    [
        (body(), "", None),
        (body("r0002", entries=[("b", 3.0), ("a", 2.0)]), "", None),
        (body(source="live", entries=[("d", 1.0), ("a", 1.0)]), "", None),
        (body("r0003"), "", "never published"),
        (body("r0002"), "", "not that of r0002"),
        (body(entries=[("a", 3.0), ("c", 1.0)]), "", "not that of r0001"),
        (body(entries=[("a", 3.0)]), "", "not that of r0001"),
        (body(user="v"), "", "says it is one of v"),
        (body(n=3), "", "with 3 items"),
        (body(), "b", "given b after an event"),
        (body(source="live", entries=[("x", 2.0), ("a", 1.0)]), "", "holds x, which is no item"),
        (body(source="live", entries=[("a", 2.0), ("a", 1.0)]), "", "holds 1 different items and not 2"),
        (body(source="live", entries=[("a", 1.0), ("b", 2.0)]), "", "not in order"),
    ],
)
def test_a_wrong_list_is_told(answer, had, found):
    told = wrong_list(answer, "u", 2, EXPECTED, CATALOGUE, frozenset(had))
    assert told is None if found is None else found in told


def sent(n):
    return ("u", f"i{n}", (NOW + timedelta(microseconds=n)).isoformat())


def stored(workspace, *rows):
    """The events table with these events, by number and id."""
    frame = pl.DataFrame(
        [
            {"row": row, "user_id": "u", "timestamp": NOW + timedelta(microseconds=n), "event": "purchase",
             "item_id": f"i{n}", "event_id": name}
            for row, (n, name) in enumerate(rows)
        ],
        schema_overrides={"event_id": pl.String},
    )  # fmt: skip
    missing = [column for column in EVENTS.schema if column not in frame.columns]
    columns = [pl.lit(None, dtype=EVENTS.schema[column]).alias(column) for column in missing]
    workspace.tables.write("events", frame.with_columns(*columns).cast({"row": pl.Int64}))
    return workspace


@pytest.fixture
def record():
    made = Record()
    made.send({f"e{n}": sent(n) for n in range(4)})
    made.acknowledge({f"e{n}": sent(n) for n in range(3)})
    return made


def test_what_both_sides_count_alike_is_right(workspace, record):
    rows = [(0, "e0"), (1, "e1"), (2, "e2"), (9, None)]
    assert wrong_events(stored(workspace, *rows), record) == []
    assert wrong_events(stored(workspace, *rows, (3, "e3")), record) == []  # it came in, the answer was lost
    record.repeat(5, 5)
    assert wrong_events(stored(workspace, *rows), record) == []


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([(0, "e0"), (1, "e1")], "1 acknowledged events are not in the tables"),
        ([(0, "e0"), (1, "e1"), (2, "e2"), (2, "e2")], "1 events are in the tables more than once"),
        ([(0, "e0"), (1, "e1"), (2, "e2"), (5, "e5")], "1 events in the tables were never sent"),
        ([(0, "e0"), (1, "e1"), (3, "e2")], "1 events are in the tables otherwise than they were sent"),
    ],
)
def test_events_that_do_not_agree_are_told(workspace, record, rows, found):
    assert wrong_events(stored(workspace, *rows), record) == [found]


def test_a_repeated_batch_that_was_taken_as_new_is_told(workspace, record):
    record.repeat(5, 4)
    rows = [(0, "e0"), (1, "e1"), (2, "e2")]
    assert wrong_events(stored(workspace, *rows), record) == ["of 5 events sent again 4 were called duplicates"]


def test_a_status_is_wrong_unless_a_fault_allows_it():
    record, allowed = Record(), {("kill", "list"): frozenset({200, 0})}
    record.count("list", 200, {""}, allowed)
    record.count("list", 0, {"kill"}, allowed)
    record.count("list", 0, {"", "kill"}, allowed)  # begun before it, or ended after it
    assert record.wrong == []
    record.count("list", 500, {"kill"}, allowed)
    record.count("events", 0, {""}, allowed)
    assert record.wrong == ["list: status 500 under kill", "events: status 0 under no fault"]


def test_items_of_acknowledged_events_are_kept_by_user(record):
    assert record.had("u") == {"i0", "i1", "i2"}
    assert record.had("v") == frozenset()


def test_a_full_disk_takes_nothing_more_and_then_does(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        if not disk.mounted:
            pytest.skip("file systems cannot be mounted here")
        disk.fill([])
        with pytest.raises(OSError, match="No space left") as full, (disk.folder / "x").open("wb", buffering=0) as file:
            file.write(b"x")
        assert full.value.errno == errno.ENOSPC
        disk.free([])
        (disk.folder / "x").write_bytes(b"x" * 10_000)
    assert not list((tmp_path / "disk").iterdir())
