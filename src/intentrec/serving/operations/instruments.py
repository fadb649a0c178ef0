"""Every metric by name: the one list that the code, docs/operations.md and the dashboard are held against."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "histogram", "gauge"]
Across = Literal["livesum", "livemin", "livemax"]
"""What is shown of a gauge that several processes set: the sum, the least or the greatest of those alive."""

FAST = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
SLOW = (0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0)


@dataclass(frozen=True)
class Instrument:
    """One metric.

    Attributes:
        name: As it is scraped, with its unit; a counter ends in `_total`.
        meaning: One sentence.
        buckets: Upper bounds of a histogram's buckets, in seconds.
        across: For gauges.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    meaning: str
    buckets: tuple[float, ...] = ()
    across: Across = "livemax"


REQUESTS = Instrument(
    "intentrec_request_seconds", "histogram", ("route", "status"), "Time to answer, by route template and status.", FAST
)
ANSWERS = Instrument(
    "intentrec_answers_total", "counter", ("source",),
    "Lists given, by where they came from: stored, live, popular, history, wishes, similar, channel:NAME.",
)  # fmt: skip
EVENTS = Instrument(
    "intentrec_events_total", "counter", ("outcome",), "Events sent in: accepted, duplicate or refused."
)
WORKERS = Instrument(
    "intentrec_workers", "gauge", ("release",), "Worker processes that answer from a release.", across="livesum"
)
AS_OF = Instrument(
    "intentrec_bundle_as_of_timestamp_seconds", "gauge", (),
    "Unix time up to which the events went into the release that is served; the oldest of all workers.",
    across="livemin",
)  # fmt: skip
OPENING = Instrument(
    "intentrec_bundle_open_seconds", "gauge", (), "Time to open the newest bundle; the slowest of all workers.",
)  # fmt: skip
ITEMS = Instrument("intentrec_bundle_items", "gauge", (), "Items in the bundle that is served.")
USERS = Instrument("intentrec_bundle_users", "gauge", (), "Users in the bundle that is served.")
KEEPER = Instrument(
    "intentrec_keeper_seconds", "histogram", ("duty", "outcome"), "Time of one round of a keeper's duty: ok or failed.",
    SLOW,
)  # fmt: skip
KEEPER_DONE = Instrument(
    "intentrec_keeper_done_timestamp_seconds", "gauge", ("duty",),
    "Unix time at which a duty of the keeper last went well.",
)  # fmt: skip
PENDING = Instrument(
    "intentrec_pending_rows", "gauge", (), "Rows in the live store that are not in the tables yet.", across="livemax"
)
REDIS = Instrument(
    "intentrec_redis_up", "gauge", (), "1 while Redis answers, else 0; the least of all.", across="livemin"
)
PROCESSES = Instrument(
    "intentrec_processes", "gauge", ("role",), "Living processes, by role: worker, keeper.", across="livesum"
)

INSTRUMENTS = (
    REQUESTS, ANSWERS, EVENTS, WORKERS, AS_OF, OPENING, ITEMS, USERS, KEEPER, KEEPER_DONE, PENDING, REDIS, PROCESSES,
)  # fmt: skip


def table() -> str:
    """All metrics in Markdown, for docs/operations.md."""
    lines = ["| metric | kind | labels | meaning |", "|---|---|---|---|"]
    for each in INSTRUMENTS:
        lines.append(f"| `{each.name}` | {each.kind} | {', '.join(each.labels) or '-'} | {each.meaning} |")
    return "\n".join(lines) + "\n"
