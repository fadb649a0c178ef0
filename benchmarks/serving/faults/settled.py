"""What must be true when all is over: both sides count the same events."""

from collections import Counter
from datetime import datetime

import polars as pl

from benchmarks.serving.faults.record import Record, Sent
from intentrec.workspace import Workspace


def wrong_events(workspace: Workspace, record: Record) -> list[str]:
    """What is wrong with the events in the tables once nothing waits to be moved there; empty where nothing is."""
    rows = workspace.tables.read("events").filter(pl.col("event_id").is_not_null())
    stored: dict[str, Sent] = {}
    times: Counter[str] = Counter()
    for name, user, item, moment in rows.select("event_id", "user_id", "item_id", "timestamp").iter_rows():
        times[name] += 1
        stored[name] = (user, item, _written(moment))
    wrong = []
    if lost := record.acknowledged - set(stored):
        wrong.append(f"{len(lost)} acknowledged events are not in the tables")
    if twice := [name for name, n in times.items() if n > 1]:
        wrong.append(f"{len(twice)} events are in the tables more than once")
    if strange := set(stored) - set(record.sent):
        wrong.append(f"{len(strange)} events in the tables were never sent")
    if other := [name for name, sent in stored.items() if record.sent.get(name, sent) != sent]:
        wrong.append(f"{len(other)} events are in the tables otherwise than they were sent")
    if record.taken_again != record.repeated:
        wrong.append(f"of {record.repeated} events sent again {record.taken_again} were called duplicates")
    return wrong


def _written(moment: datetime) -> str:
    """As the clients write a time."""
    return moment.isoformat()
