"""Sequence-level compression (RecGPT-V1, section 1.1): one line for what was done at the same times."""

import polars as pl

from intentrec.profiles.config import ProfilesConfig


def time_labels(config: ProfilesConfig) -> pl.Expr:
    """Day, month or year of `timestamp`, by its age at `as_of`: 2011-11-05, 2011-08, 2010."""
    age = pl.col("as_of") - pl.col("timestamp")
    return (
        pl.when(age < pl.duration(days=config.day_days))
        .then(pl.col("timestamp").dt.strftime("%Y-%m-%d"))
        .when(age < pl.duration(days=config.month_days))
        .then(pl.col("timestamp").dt.strftime("%Y-%m"))
        .otherwise(pl.col("timestamp").dt.strftime("%Y"))
    )


def compressed_lines(events: pl.DataFrame, config: ProfilesConfig) -> pl.DataFrame:
    """One row per line: user_id, n (from 1, newest first), text without its number, rows.

    Every event of `reliable_events` stands behind exactly one line.
    """
    acts = (
        events.with_columns(time_labels(config).alias("time"))
        .group_by("user_id", "time", "thing", maintain_order=True)
        .agg(
            pl.col("event").unique().sort().str.join(", ").alias("acts"),
            pl.col("row"),
            pl.col("timestamp").max().alias("last"),
        )
    )
    return _numbered(_by_things(_by_time(acts, config)))


def _by_time(acts: pl.DataFrame, config: ProfilesConfig) -> pl.DataFrame:
    """Step 1: (time, behaviours) -> set of items, at most `max_items_per_line` at a time."""
    key = ["user_id", "time", "acts"]
    ordered = acts.sort(*key, "thing")
    part = pl.int_range(pl.len()).over(key) // config.max_items_per_line
    return (
        ordered.with_columns(part.alias("part"))
        .group_by(*key, "part", maintain_order=True)
        .agg(pl.col("thing").str.join(", ").alias("things"), pl.col("row").explode(), pl.col("last").max())
    )


def _by_things(sets: pl.DataFrame) -> pl.DataFrame:
    """Step 2, reversed: set of items -> times with their behaviours, newest first."""
    when = pl.format("{} ({})", pl.col("time"), "acts")
    return (
        sets.with_columns(when.alias("when"))
        .sort("user_id", "last", "when", descending=[False, True, False])
        .group_by("user_id", "things", maintain_order=True)
        .agg(pl.col("when").str.join(", "), pl.col("row").explode().sort().alias("rows"), pl.col("last").max())
        .with_columns(pl.format("{} | {}", "when", "things").alias("text"))
    )


def _numbered(lines: pl.DataFrame) -> pl.DataFrame:
    ordered = lines.sort("user_id", "last", "text", descending=[False, True, False])
    number = pl.int_range(1, pl.len() + 1).over("user_id").alias("n")
    return ordered.select(pl.col("user_id"), number, "text", "rows")
