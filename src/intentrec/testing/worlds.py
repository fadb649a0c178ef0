"""Small worlds whose right answers are known because they were planted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from intentrec.tables import EVENTS, ITEMS

_START = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class World:
    """A log, its items, and what a personal system must find in it.

    Attributes:
        events: Rows of `EVENTS`.
        items: Rows of `ITEMS`.
        answers: User -> the one unseen item that must come first.
    """

    events: pl.DataFrame
    items: pl.DataFrame
    answers: Mapping[str, str]

    @property
    def users(self) -> list[str]:
        """All users with events, ascending."""
        return self.events["user_id"].unique().sort().to_list()

    def seen(self, user: str) -> set[str]:
        """What the user touched."""
        return set(self.events.filter(pl.col("user_id") == user)["item_id"].to_list())


def checkerboard(size: int = 20) -> World:
    """Even users touch every even item and odd users every odd one, but user n never touched item n.

    The unseen item that fits user n is therefore item n, and all items are equally popular. Titles and categories tell
    the colours apart too, so that systems that read can pass as well as systems that count.

    Args:
        size: Number of users and of items, at least 6.
    """
    pairs = [(user, item) for user in range(size) for item in range(user % 2, size, 2) if user != item]
    # Users take turns: the n-th item of each comes before the n+1-th of anybody.
    turns = sorted(((item - user) % size, user, item) for user, item in pairs)
    events = EVENTS.rows(
        {
            "row": row,
            "user_id": _name("u", user),
            "timestamp": _START + timedelta(hours=row),
            "event": "purchase",
            "item_id": _name("i", item),
            "weight": 1.0,
        }
        for row, (_, user, item) in enumerate(turns)
    )
    items = ITEMS.rows(
        {
            "item_id": _name("i", item),
            "title": f"{'blue lamp' if item % 2 else 'red candle'} {item}",
            "category": "lamps" if item % 2 else "candles",
        }
        for item in range(size)
    )
    return World(events, items, {_name("u", n): _name("i", n) for n in range(size)})


def _name(letter: str, number: int) -> str:
    return f"{letter}{number:03}"
