"""A list as a page shows it: bars, reasons, and what became of it when something was turned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intentrec.serving.explorer.bars import Bar, bars
from intentrec.serving.explorer.changes import Changes, Move, changes
from intentrec.serving.ranking import Answer

_SOURCES = {
    "stored": "as the run stored it",
    "live": "ranked now",
    "popular": "what is popular: nothing is known of this user's taste",
}


@dataclass(frozen=True)
class Row:
    """One item of a list.

    Attributes:
        entry: As the answer has it.
        move: Where it went; None where there is nothing to compare with.
    """

    rank: int
    entry: Mapping[str, Any]
    bar: Bar
    move: Move | None


@dataclass(frozen=True)
class Listing:
    """A list.

    Attributes:
        made: How it was made, in words.
        gone: Entries of the earlier list that are not in this one.
        changed: What became of it in one sentence; "" where there is nothing to compare with.
    """

    rows: Sequence[Row]
    made: str
    release: str
    gone: Sequence[Mapping[str, Any]] = ()
    changed: str = ""


def listing(answer: Answer, before: Answer | None = None) -> Listing:
    """A list, marked against an earlier one where there is one."""
    entries = answer.to_list()
    earlier = [] if before is None else before.to_list()
    found = None if before is None else changes(_ids(earlier), _ids(entries))
    drawn = bars(entries)
    rows = [
        Row(rank, entry, bar, None if found is None else found.moves[entry["item_id"]])
        for rank, (entry, bar) in enumerate(zip(entries, drawn, strict=True), 1)
    ]
    made = _SOURCES.get(answer.source, answer.source)
    return Listing(rows, made, answer.release, _gone(found, earlier), "" if found is None else found.words)


def _ids(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    return [entry["item_id"] for entry in entries]


def _gone(found: Changes | None, earlier: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    gone = set() if found is None else set(found.gone)
    return [entry for entry in earlier if entry["item_id"] in gone]
