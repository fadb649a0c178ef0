"""The catalogue's own phrases: what rules may take as tags, and what models choose from."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.tags.config import TagsConfig
from intentrec.tags.gate import refuse_wording
from intentrec.text.categories import TagToCategory
from intentrec.text.clusters import unit
from intentrec.text.embeddings import Embedder
from intentrec.text.wording import Script, script_of

_BLOCK = 1024


@dataclass(frozen=True)
class Phrasebook:
    """Distinct phrases of the catalogue.

    Attributes:
        phrases: Sorted.
        vectors: Unit rows (n, d).
        eligible: (n,) whether a phrase may be a tag: its words pass the gate and it is alive.
        same: For each phrase the indices of those that mean the same, itself among them.
        scripts: Scripts of the phrases.
        phi: From a vector to a category.
    """

    phrases: list[str]
    vectors: NDArray[np.float32]
    eligible: NDArray[np.bool_]
    same: list[frozenset[int]]
    scripts: frozenset[Script]
    phi: TagToCategory


def open_phrasebook(
    catalogue: pl.DataFrame,
    alive: Collection[int],
    embedder: Embedder,
    brands: Collection[str],
    config: TagsConfig,
    language: str,
) -> Phrasebook:
    """The phrases of a catalogue with at least one item; `alive` are the indices that somebody touched lately."""
    phrases = phrases_of(catalogue)["phrase"].unique().sort().to_list()
    vectors = embedder.embed(phrases)
    scripts = frozenset(script_of(phrase) for phrase in phrases)
    eligible = np.array([refuse_wording(p, brands, scripts, config, language) is None for p in phrases])
    eligible &= np.isin(np.arange(len(phrases)), sorted(alive))
    items = unit(embedder.embed(catalogue["name"].to_list()) + embedder.embed(catalogue["phrase"].to_list()))
    phi = TagToCategory(items, catalogue["category"].to_list())
    return Phrasebook(phrases, vectors, eligible, _same(vectors, config.repeat_similarity), scripts, phi)


def phrases_of(catalogue: pl.DataFrame) -> pl.DataFrame:
    """item_id and phrase of the items that have one."""
    return catalogue.select("item_id", "phrase").filter(pl.col("phrase").str.strip_chars().str.len_chars() > 0)


def touched_phrases(events: pl.DataFrame, catalogue: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Every event before `as_of` that touched a phrase: row, user_id, timestamp, event, phrase (index), ordered by row.

    A search touches a phrase when its words are the phrase.
    """
    items = phrases_of(catalogue)
    numbers = items.select(pl.col("phrase").unique().sort().alias("text")).with_row_index("phrase")
    items = items.rename({"phrase": "text"}).join(numbers, on="text").select("item_id", pl.col("phrase").cast(pl.Int64))
    queries = numbers.select(query="text", asked=pl.col("phrase").cast(pl.Int64))
    if "query" not in events.columns:
        events = events.with_columns(query=pl.lit(None, dtype=pl.String))
    return (
        events.filter(pl.col("timestamp") < as_of)
        .select("row", "user_id", "timestamp", "event", "item_id", query=pl.col("query").str.to_lowercase())
        .join(items, on="item_id", how="left")
        .join(queries, on="query", how="left")
        .select("row", "user_id", "timestamp", "event", phrase=pl.coalesce("phrase", "asked"))
        .drop_nulls("phrase")
        .sort("row")
    )


def alive_phrases(touched: pl.DataFrame, config: TagsConfig, as_of: datetime) -> list[int]:
    """Phrases that somebody touched within `alive_days` before `as_of`."""
    lately = touched.filter(pl.col("timestamp") >= as_of - timedelta(days=config.alive_days))
    return lately["phrase"].unique().sort().to_list()


def _same(vectors: NDArray[np.float32], similarity: float) -> list[frozenset[int]]:
    same: list[frozenset[int]] = []
    for start in range(0, len(vectors), _BLOCK):
        near = np.round(vectors[start : start + _BLOCK] @ vectors.T, 4) >= similarity
        same += [frozenset(np.flatnonzero(row).tolist()) | {start + i} for i, row in enumerate(near)]
    return same
