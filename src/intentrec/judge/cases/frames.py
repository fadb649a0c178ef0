"""From the tables of a release to cases: the joins that all tasks need."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from intentrec.judge.cases.case import Touch


@dataclass(frozen=True)
class Tables:
    """What a release holds of one run, as frames.

    Attributes:
        items: `ITEMS`; further columns are attributes.
        events: `EVENTS`, later ones than the run's as-of time among them: evidence must be found to be called late.
        as_of: Time of the run.
    """

    items: pl.DataFrame
    events: pl.DataFrame
    catalogue: pl.DataFrame
    interests: pl.DataFrame
    tags: pl.DataFrame
    explanations: pl.DataFrame
    as_of: datetime


def named_events(events: pl.DataFrame, catalogue: pl.DataFrame, users: Iterable[str]) -> pl.DataFrame:
    """user_id, row, timestamp, event, text, phrase of the users' events, in the order they happened."""
    return (
        events.filter(pl.col("user_id").is_in(sorted(set(users))))
        .select("user_id", "row", "timestamp", "event", "item_id", "query")
        .join(catalogue.select("item_id", "name", "phrase"), on="item_id", how="left")
        .with_columns(text=pl.coalesce("name", "query", "item_id"), phrase=pl.coalesce("phrase", "query"))
        .select("user_id", "row", "timestamp", "event", "text", "phrase")
        .sort("user_id", "timestamp", "row")
    )


def touches_of(rows: pl.DataFrame) -> tuple[Touch, ...]:
    """Rows of `named_events` as touches."""
    return tuple(Touch(*row) for row in rows.select("timestamp", "event", "text").iter_rows())


def by_user(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The rows of each user."""
    return {str(user): rows for (user,), rows in frame.partition_by("user_id", as_dict=True).items()}


def before(places: pl.DataFrame, order: list[str], text: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """For each user and text the user's texts that come before it.

    Args:
        places: user_id, the text, and the columns of the order.
        order: Columns to sort by within a user; a name that begins with "-" falls.
        text: Name of the column.
    """
    names = [name.removeprefix("-") for name in order]
    falling = [name.startswith("-") for name in order]
    ordered = places.sort("user_id", *names, descending=[False, *falling])
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for user, rows in by_user(ordered).items():
        texts = rows[text].to_list()
        found |= {(user, said): tuple(texts[:n]) for n, said in reversed(list(enumerate(texts)))}
    return found
