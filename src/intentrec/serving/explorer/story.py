"""What a user did, as a timeline, and which of it an interest rests on."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from intentrec.serving.live import LiveEvent

TitleOf = Callable[[str], str]


@dataclass(frozen=True)
class Happened:
    """One event of a timeline.

    Attributes:
        row: Its number, which evidence points to; see `LiveState.numbered` for what came in since the release.
        what: Title of the item, or the words of the search.
        lit: Whether the interest that was chosen rests on it.
        live: Whether it came in since the release.
    """

    row: int
    when: datetime
    kind: str
    item_id: str | None
    what: str
    lit: bool = False
    live: bool = False


@dataclass(frozen=True)
class Line:
    """One numbered line of a profile."""

    number: int
    text: str
    lit: bool


@dataclass(frozen=True)
class Occasion:
    """What was done at one moment in one way, e.g. one purchase of many things."""

    when: datetime
    kind: str
    live: bool
    events: Sequence[Happened]


@dataclass(frozen=True)
class Timeline:
    """Events by month and occasion, latest first.

    Attributes:
        months: Name of the month and its occasions.
        shown: Events that are in it.
        total: Events that there are.
    """

    months: Sequence[tuple[str, Sequence[Occasion]]]
    shown: int
    total: int


def events_of(
    history: pl.DataFrame, live: Sequence[tuple[int, "LiveEvent"]], title: TitleOf, lit: Collection[int] = ()
) -> list[Happened]:
    """Everything a user did, latest first.

    Args:
        history: Columns of `EVENTS`.
        live: What came in since, numbered.
        title: Of an item.
        lit: Rows that an interest rests on.
    """

    def what(item_id: str | None, query: str | None) -> str:
        return title(item_id) if item_id is not None else (query or "")

    columns = history.select("row", "timestamp", "event", "item_id", "query").iter_rows()
    old = [Happened(row, when, kind, item, what(item, query), row in lit) for row, when, kind, item, query in columns]
    new = [Happened(n, e.timestamp, e.event, e.item_id, what(e.item_id, e.query), n in lit, True) for n, e in live]
    return sorted([*old, *new], key=lambda event: (event.when, event.live, abs(event.row)), reverse=True)


def timeline(events: Sequence[Happened], most: int | None) -> Timeline:
    """The latest events by month, and all that are lit however old they are.

    Args:
        events: Latest first.
        most: How many of the latest; None for all.
    """
    kept = [event for place, event in enumerate(events) if most is None or place < most or event.lit]
    occasions = groupby(kept, key=lambda event: (event.when, event.kind, event.live))
    told = [Occasion(*what, list(group)) for what, group in occasions]
    months = [(name, list(group)) for name, group in groupby(told, key=lambda occasion: f"{occasion.when:%B %Y}")]
    return Timeline(months, len(kept), len(events))


def profile_lines(profile: Mapping[str, Any] | None, lit: Collection[int] = ()) -> list[Line]:
    """The lines of a profile, those marked that an interest rests on."""
    lines = [] if profile is None else profile["lines"]
    rows = set(lit)
    return [Line(n, line["text"], not rows.isdisjoint(line["rows"])) for n, line in enumerate(lines, 1)]


def profile_head(profile: Mapping[str, Any] | None) -> str:
    """What a profile says before its numbered lines, e.g. the user's attributes."""
    if profile is None:
        return ""
    lines = "\n".join(f"{n}. {line['text']}" for n, line in enumerate(profile["lines"], 1))
    return str(profile["text"]).removesuffix(lines).rstrip()
