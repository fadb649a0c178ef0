"""A shop as lessons are made of it: its items, its searches, what is popular; all as of one time."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple, TypeVar

import polars as pl

from intentrec.data.asof import visible
from intentrec.text.wording import stems

_MOST_ITEMS = 5_000  # enough for every task; a catalogue of a million would be hashed for nothing
_SOON = "30m"  # what is touched so soon after a search was meant by it
_POPULAR = 12

Thing = TypeVar("Thing")


class Item(NamedTuple):
    """An item: what the shop says of it, and what the catalogue stage made of that."""

    item_id: str
    title: str
    name: str
    phrase: str
    category: str
    brand: str
    description: str


class Query(NamedTuple):
    """Words of a search and what was touched after it most often.

    Attributes:
        user_id: Who asked, where only one user did: then an erasure must find it.
        asked: Whether somebody asked so; else it is a phrase of the catalogue.
    """

    text: str
    item_id: str
    phrase: str
    category: str
    user_id: str | None
    asked: bool


@dataclass(frozen=True)
class Shop:
    """What was known of a shop before a time.

    Attributes:
        items: Up to 5,000 of its items, drawn by a hash.
        interests: Interests of the pool with their categories.
        events: user_id, timestamp, item_id, query, name, phrase, category; in time order.
    """

    items: list[Item]
    interests: list[tuple[str, str]]
    events: pl.DataFrame
    language: str
    as_of: datetime
    seed: int

    def drawn(self, task: str, things: Iterable[Thing], key: Callable[[Thing], str]) -> list[Thing]:
        """The things in an order that depends on the seed, the task and their keys alone."""
        return sorted(things, key=lambda thing: self.draw(task, key(thing)))

    def draw(self, task: str, key: str) -> bytes:
        """Random bytes that belong to a task and a key."""
        return hashlib.sha256(f"{self.seed}/{task}/{key}".encode("utf-8", "surrogatepass")).digest()

    @cached_property
    def by_category(self) -> dict[str, list[Item]]:
        """The items of each category."""
        found: dict[str, list[Item]] = {}
        for item in self.items:
            found.setdefault(item.category, []).append(item)
        return found

    @cached_property
    def categories(self) -> list[str]:
        """Names of the categories."""
        return sorted(self.by_category)

    @cached_property
    def queries(self) -> list[Query]:
        """Searches that led to an item; where there are none, phrases of the catalogue stand for them."""
        found = _searches(self.events)
        own = (Query(i.phrase.lower(), i.item_id, i.phrase, i.category, None, asked=False) for i in self.items)
        return found or list({query.text: query for query in own if query.text}.values())

    @cached_property
    def popular(self) -> dict[str, list[str]]:
        """The phrases of each category that were touched most, up to twelve."""
        ranked = (
            self.events.filter(pl.col("phrase").str.len_chars() > 0)
            .group_by("category", "phrase")
            .len("n")
            .sort("category", "n", "phrase", descending=[False, True, False])
            .group_by("category", maintain_order=True)
            .agg(pl.col("phrase").head(_POPULAR))
        )
        return {category: list(phrases) for category, phrases in ranked.iter_rows()}

    def showing(self, interest: str) -> list[Item]:
        """Items in whose titles all words of the interest stand."""
        wanted = stems(interest)
        return [item for item in self.items if wanted and wanted <= stems(item.title)]


def open_shop(
    items: pl.DataFrame,
    events: pl.DataFrame,
    catalogue: pl.DataFrame,
    pool: pl.DataFrame,
    language: str,
    as_of: datetime,
    seed: int,
) -> Shop:
    """A shop as it was known before a time; later items and events are dropped here.

    Args:
        items: `ITEMS`.
        events: `EVENTS`.
        catalogue: `CATALOGUE` as of that time or earlier.
        pool: `POOL`, likewise.
        language: Of the lessons: en or ru.
        as_of: Exclusive.
        seed: Of all draws.
    """
    known, seen = visible(items, events, as_of)
    optional = [name for name in ("brand", "description") if name in known.columns]
    made = catalogue.select("item_id", "name", "phrase", "category")
    joined = known.select("item_id", "title", *optional).join(made, on="item_id").sort("item_id")
    rows = [Item(**dict.fromkeys(("brand", "description"), "") | _told(row)) for row in joined.iter_rows(named=True)]
    with_query = seen if "query" in seen.columns else seen.with_columns(query=pl.lit(None, dtype=pl.String))
    named = (
        with_query.sort("timestamp", "row")
        .select("user_id", "timestamp", "item_id", "query")
        .join(made, on="item_id", how="left", maintain_order="left")
    )
    interests = list(pool.sort("interest").select("interest", "category").iter_rows())
    shop = Shop(rows, interests, named, language, as_of, seed)
    few = shop.drawn("items", rows, lambda item: item.item_id)[:_MOST_ITEMS]
    return Shop(few, interests, named, language, as_of, seed)


def _told(row: dict[str, str | None]) -> dict[str, str]:
    return {name: (value or "").strip() for name, value in row.items()}


def _searches(events: pl.DataFrame) -> list[Query]:
    asked = events.with_columns(text=pl.col("query").str.strip_chars().str.to_lowercase())
    asked = asked.filter(pl.col("text").str.len_chars() > 0).select("user_id", "timestamp", "text")
    touched = events.drop_nulls(["item_id", "phrase"]).select("user_id", "timestamp", "item_id", "phrase", "category")
    led = asked.join_asof(
        touched, on="timestamp", by="user_id", strategy="forward", tolerance=_SOON, check_sortedness=False
    ).drop_nulls("item_id")
    commonest = (
        led.group_by("text", "item_id", "phrase", "category").len("n").sort("n", "item_id", descending=[True, False])
    )
    first = commonest.unique("text", keep="first", maintain_order=True)
    askers = led.group_by("text").agg(pl.col("user_id").unique())
    rows = first.join(askers, on="text").sort("text").select("text", "item_id", "phrase", "category", "user_id")
    return [
        Query(text, item, phrase, category, users[0] if len(users) == 1 else None, asked=True)
        for text, item, phrase, category, users in rows.iter_rows()
    ]
