"""What each user touched: one row an event that the profile stands for, with its text and its strength."""

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.interests.config import InterestsConfig
from intentrec.text.embeddings import Embedder

SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class Touches:
    """Events behind the profiles and the distinct texts they are about.

    Attributes:
        frame: user_id, row, line (index in the profile), timestamp, event, text, unit (index in `texts`), phrase
            (of the item, or the query), strength; ordered by user and row.
        texts: Distinct item names and queries, sorted.
        vectors: (len(texts), d) unit rows.
    """

    frame: pl.DataFrame
    texts: list[str]
    vectors: NDArray[np.float32]


def find_touches(
    profiles: pl.DataFrame,
    events: pl.DataFrame,
    catalogue: pl.DataFrame,
    embedder: Embedder,
    config: InterestsConfig,
    as_of: datetime,
) -> Touches:
    """Join profile lines with their events before `as_of`; kinds that show no wish and unknown items are left out."""
    lines = (
        profiles.select("user_id", pl.col("lines"), line=pl.int_ranges(0, pl.col("lines").list.len()))
        .explode("lines", "line")
        .drop_nulls("lines")
        .select("user_id", "line", row=pl.col("lines").struct.field("rows"))
        .explode("row")
        .drop_nulls("row")
    )
    known = events.filter(pl.col("timestamp") < as_of, ~pl.col("event").is_in(config.ignored_events))
    frame = (
        lines.join(_with_optional(known), on=["user_id", "row"], how="inner")
        .join(catalogue.select("item_id", "name", "phrase"), on="item_id", how="left")
        .with_columns(text=pl.coalesce("name", "query"), phrase=pl.coalesce("phrase", "query"))
        .filter(pl.col("text").str.strip_chars().str.len_chars() > 0)
        .unique(["user_id", "row"], keep="first", maintain_order=True)
        .sort("user_id", "row")
    )
    texts = frame["text"].unique().sort()
    units = pl.DataFrame({"text": texts}).with_row_index("unit").with_columns(pl.col("unit").cast(pl.Int64))
    frame = frame.join(units, on="text", how="left", maintain_order="left").with_columns(
        strength=_strength(config.half_life_days)
    )
    columns = ("user_id", "row", "line", "timestamp", "event", "text", "unit", "phrase", "strength")
    return Touches(frame.select(columns), texts.to_list(), embedder.embed(texts.to_list()))


def _with_optional(events: pl.DataFrame) -> pl.DataFrame:
    kinds = {"item_id": pl.String, "query": pl.String, "weight": pl.Float64}
    absent = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in kinds.items() if name not in events.columns]
    return events.with_columns(absent).select("user_id", "row", "timestamp", "event", "item_id", "query", "weight")


def _strength(half_life_days: float) -> pl.Expr:
    """Decay from the user's own last event: shares do not depend on it, so a quiet day changes nobody's weights."""
    days = (pl.col("timestamp").max().over("user_id") - pl.col("timestamp")).dt.total_seconds() / SECONDS_A_DAY
    return pl.col("weight").fill_null(1.0) * (days * (-math.log(2) / half_life_days)).exp()
