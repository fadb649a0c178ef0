"""Faults under load, and a count of both sides: `python -m benchmarks.serving.faults [--seconds 10] [--dir DIR]`.

A small shop is served by `intentrec serve` with two workers and a keeper, with keys and Redis. Clients ask for lists
and post events without a pause while a release is rolled back and forth, workers and the keeper are killed with
SIGKILL, events come in masses, Redis goes away, the disk is full, and a daily run publishes. Then it is counted:

- every acknowledged event is in the tables exactly once, and as it was sent; nothing else is there;
- every list that named a release was the one that this release stores, or was ranked anew from it: in order, of the
  shop's items, without an item of an event that had been acknowledged before the list was asked for;
- every status was 200, except those that the table says are allowed.

Prints a table in Markdown, and exits with 1 if anything was wrong.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.serving.faults.acts import ACTS, PUBLISH, Act
from benchmarks.serving.faults.play import CALM, Outcome, play


def main() -> int:
    options = parser().parse_args()
    acts = (*ACTS, PUBLISH)
    with tempfile.TemporaryDirectory(dir=options.dir, ignore_cleanup_errors=True) as folder:
        outcome = play(Path(folder), acts, options.seconds)
        log = (Path(folder) / "server.log").read_text()
    print(report(outcome, acts))
    if options.log is not None:
        options.log.write_text(log)
    return 1 if outcome.record.wrong else 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--seconds", type=float, default=10.0, help="how long each fault lasts")
    made.add_argument("--dir", type=Path, help="where to put the shop; a temporary folder by default")
    made.add_argument("--log", type=Path, help="keep the server's log here")
    return made


def report(outcome: Outcome, acts: Sequence[Act]) -> str:
    """Markdown."""
    record, counted = outcome.record, outcome.counted
    lines = [
        f"- {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores; the full disk is {outcome.disk}",
        f"- events: {len(record.sent):,} sent, {len(record.acknowledged):,} acknowledged, {record.repeated:,} of them "
        f"once more ({record.taken_again:,} called duplicates); since it was last started the server counted "
        f"{counted.get('accepted', 0):,.0f} accepted and {counted.get('duplicate', 0):,.0f} duplicates",
        f"- requests: {sum(record.statuses.values()):,} by the clients; the server counted since then "
        + ", ".join(f"{n:,.0f} of status {name}" for name, n in sorted(counted.items()) if name.isdigit()),
        "- lists: "
        + ", ".join(f"{n:,} {source} of {release}" for (release, source), n in sorted(record.sources.items())),
        f"- exit code of the server: {outcome.stopped}",
        "",
        "| what happens | seconds | lists by status | batches of events by status | allowed beside 200 |",
        "|---|---|---|---|---|",
        *(_row(outcome, act.name, act) for act in (Act(CALM, lambda stage: None), *acts)),
        "",
        *(f"- WRONG: {text}" for text in record.wrong),
        "Nothing was wrong." if not record.wrong else f"{len(record.wrong)} kinds of things were wrong.",
    ]
    return "\n".join(lines)


def _row(outcome: Outcome, name: str, act: Act) -> str:
    cells = [name or "nothing, in between", f"{outcome.took.get(name, 0):.1f}"]
    for kind in ("list", "events"):
        found = sorted(
            (status, n) for (fault, of, status), n in outcome.record.statuses.items() if (fault, of) == (name, kind)
        )
        cells.append(", ".join(f"{_said(status)}: {n:,}" for status, n in found) or "-")
    allowed = {status for statuses in act.allowed.values() for status in statuses}
    cells.append(", ".join(_said(status) for status in sorted(allowed)) or "-")
    return "| " + " | ".join(cells) + " |"


def _said(status: int) -> str:
    return str(status) if status else "connection cut"


if __name__ == "__main__":
    sys.exit(main())
