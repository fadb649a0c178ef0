"""Columns and rows that may tell a model what it could not have known in time."""

import re
from dataclasses import dataclass

import polars as pl

from intentrec.data.config import DataConfig
from intentrec.data.duplicates import SUPERSEDED

_AGGREGATE = re.compile(
    r"(^|_)(n|num|cnt|count|counts|total|sum|avg|mean|median|last|latest|first|lifetime|popularity|sales|sold|rank|rate|ctr|freq"
    r"|frequency|recency)(_|$)"
)
_MIN_ROWS = 10  # below this a rank correlation says nothing
_MATCHING = 0.9  # share of users whose column equals their own first or last event


@dataclass(frozen=True)
class Leak:
    """One place where the future may show.

    Attributes:
        where: Table, or table.column.
        what: What was seen.
        advice: What to do about it.
    """

    where: str
    what: str
    advice: str


def leak_risks(
    items: pl.DataFrame, events: pl.DataFrame, users: pl.DataFrame, quarantine: pl.DataFrame, config: DataConfig
) -> list[Leak]:
    """Everything suspicious, items first; a suspicion is not a proof."""
    leaks = [*_undated(items, events), *_sold_before_created(items, events)]
    for table, frame in (("items", items), ("users", users)):
        leaks += _columns(table, frame, events, config)
    return [*leaks, *_renamed_items(items, quarantine)]


def _undated(items: pl.DataFrame, events: pl.DataFrame) -> list[Leak]:
    undated = items.filter(pl.col("created_at").is_null()).join(events, on="item_id", how="semi").height
    if not undated:
        return []
    what = f"{undated:,} of {items.height:,} items were touched by users and have no created_at"
    return [Leak("items", what, "each counts as created at its first event; give created_at where you know it")]


def _sold_before_created(items: pl.DataFrame, events: pl.DataFrame) -> list[Leak]:
    first = events.group_by("item_id").agg(pl.col("timestamp").min().alias("first_event"))
    early = items.join(first, on="item_id").filter(pl.col("first_event") < pl.col("created_at")).height
    if not early:
        return []
    what = f"{early:,} of {items.height:,} items have events before their created_at"
    return [Leak("items.created_at", what, "such events are hidden until created_at; check what the column means")]


def _columns(table: str, frame: pl.DataFrame, events: pl.DataFrame, config: DataConfig) -> list[Leak]:
    """One finding a column at most: the strongest."""
    key = f"{table[:-1]}_id"
    activity = events.group_by(key).agg(
        pl.len().alias("_events"), pl.col("timestamp").min().alias("_first"), pl.col("timestamp").max().alias("_last")
    )
    known = {key, "title", "category", "brand", "description", "created_at"}
    both = frame.join(activity, on=key, how="inner")
    leaks = []
    for name in (column for column in frame.columns if column not in known):
        what = _follows_events(both, name, config) or _equals_event_time(both, name) or _named_like_aggregate(name)
        if what:
            advice = "if it was computed over the whole log, leave it out or give it as of a date"
            leaks.append(Leak(f"{table}.{name}", what, advice))
    return leaks


def _follows_events(both: pl.DataFrame, name: str, config: DataConfig) -> str:
    if not both.schema[name].is_numeric() or both.get_column(name).drop_nulls().len() < _MIN_ROWS:
        return ""
    rows = both.filter(pl.col(name).is_not_null())
    if rows.get_column(name).n_unique() == 1 or rows.get_column("_events").n_unique() == 1:
        return ""
    correlation = rows.select(pl.corr(name, "_events", method="spearman")).item()
    if abs(correlation) < config.leak_correlation:
        return ""
    return f"follows the number of events (rank correlation {correlation:.2f})"


def _equals_event_time(both: pl.DataFrame, name: str) -> str:
    if not isinstance(both.schema[name], pl.Datetime) or both.height < _MIN_ROWS:
        return ""
    for edge in ("last", "first"):
        share = both.select((pl.col(name) == pl.col(f"_{edge}")).fill_null(False).mean()).item()
        if share >= _MATCHING:
            return f"equals the {edge} event for {share:.0%} of the rows"
    return ""


def _named_like_aggregate(name: str) -> str:
    return "is named like a total over the whole period" if _AGGREGATE.search(name.lower()) else ""


def _renamed_items(items: pl.DataFrame, quarantine: pl.DataFrame) -> list[Leak]:
    """Items of which an earlier row of a file had another title; seen only where the file used our column names."""
    earlier = quarantine.filter(
        (pl.col("table") == "items") & pl.col("reason").str.contains(SUPERSEDED, literal=True)
    ).select(
        pl.col("record").str.json_path_match("$.item_id").alias("item_id"),
        pl.col("record").str.json_path_match("$.title").alias("earlier"),
    )
    changed = earlier.join(items, on="item_id").filter(pl.col("earlier") != pl.col("title"))
    number = changed.get_column("item_id").n_unique()
    if not number:
        return []
    what = f"{number:,} of {items.height:,} items came with more than one title; the last stands for all time"
    return [
        Leak("items.title", what, "an earlier day would see a later title; harmless where only the spelling changed")
    ]
