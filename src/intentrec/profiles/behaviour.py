"""Reliable-behaviour extraction (RecGPT-V1, section 1.1): events that say what a user wants."""

from datetime import datetime

import polars as pl

from intentrec.data.config import EventsConfig
from intentrec.errors import DataError
from intentrec.profiles.config import ProfilesConfig
from intentrec.profiles.refresh import effective_as_of

# What lines and prompts are built with, and everything that breaks or hides in a line.
_STRUCTURE = r"[\p{C}\p{Z}\s|,;\"«»]+"
_NAMELESS = "unnamed"


def reliable_events(
    events: pl.DataFrame, catalogue: pl.DataFrame, roles: EventsConfig, config: ProfilesConfig, as_of: datetime
) -> pl.DataFrame:
    """Columns user_id, as_of, row, timestamp, event, thing, sorted by user, then newest first.

    Acts of intent, searches and the user's negative acts are kept, the last under their own name ("return"): they take
    nothing away from the other lines. Noise is dropped. `thing` is the item's short name or the quoted query.

    Raises:
        DataError: An item of a reliable event is not in the catalogue.
    """
    kept = events.filter(pl.col("timestamp") < as_of).join(_kinds(roles), on="event")
    names = catalogue.select("item_id", one_line(pl.col("name")).alias("name"))
    things = (
        _with_as_of(kept, config, as_of)
        .join(names, on="item_id", how="left")
        .join(_quoted(kept, config), on="query", how="left")
        .with_columns(pl.coalesce("name", "quoted").alias("thing"))
    )
    _check_named(things)
    columns = ("user_id", "as_of", "row", "timestamp", pl.col("shown").alias("event"), "thing")
    return things.select(*columns).sort("user_id", "timestamp", "row", descending=[False, True, True])


def _kinds(roles: EventsConfig) -> pl.DataFrame:
    """The kinds that are shown, and how their names are written."""
    kinds = pl.DataFrame({"event": roles.named("intent", "search", "negative")}, schema={"event": pl.String})
    return kinds.with_columns(one_line(pl.col("event").str.replace_all("[()]", " ")).alias("shown"))


def _quoted(events: pl.DataFrame, config: ProfilesConfig) -> pl.DataFrame:
    """Each different query once, with the form in which it is shown."""
    queries = events.select(pl.col("query").drop_nulls().unique())
    clean = bounded(one_line(pl.col("query")), config.max_value_chars)
    return queries.with_columns((pl.lit('"') + clean + pl.lit('"')).alias("quoted"))


def one_line(text: pl.Expr) -> pl.Expr:
    """The text without control characters, line breaks and the signs that profile lines are built with."""
    clean = text.str.replace_all(_STRUCTURE, " ").str.strip_chars()
    return pl.when(clean == "").then(pl.lit(_NAMELESS)).otherwise(clean)


def bounded(text: pl.Expr, max_chars: int) -> pl.Expr:
    """The text cut to at most `max_chars` characters, at a word where there is one."""
    cut = text.str.head(max_chars)
    at_word = text.str.head(max_chars + 1).str.replace(r"\s+\S*$", "")
    usable = at_word.str.len_chars().is_between(1, max_chars)
    return pl.when(text.str.len_chars() <= max_chars).then(text).when(usable).then(at_word).otherwise(cut)


def _with_as_of(events: pl.DataFrame, config: ProfilesConfig, as_of: datetime) -> pl.DataFrame:
    """The events before each user's own as-of time; a user first seen after it is built as of now."""
    first = events.group_by("user_id").agg(pl.col("timestamp").min().alias("first")).sort("user_id")
    due = first.with_columns(effective_as_of(first["user_id"], as_of, config.refresh_days).alias("as_of"))
    own = pl.when(pl.col("first") < pl.col("as_of")).then("as_of").otherwise(pl.lit(as_of).cast(due.schema["as_of"]))
    joined = events.join(due.select("user_id", own.alias("as_of")), on="user_id", how="left")
    return joined.filter(pl.col("timestamp") < pl.col("as_of"))


def _check_named(things: pl.DataFrame) -> None:
    unnamed = things.filter(pl.col("thing").is_null())["row"].sort().to_list()
    if unnamed:
        raise DataError(
            f"{len(unnamed)} events touch neither a catalogue item nor a query, first row {unnamed[0]}. "
            "Build or extend the catalogue as of the same time before the profiles."
        )
