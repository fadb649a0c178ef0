"""Candidates of one channel with its own scores, for rankers further on."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from intentrec.retrieval import FUSED_SCHEMA, RetrievalConfig
from intentrec.retrieval.memory import Remembered
from intentrec.retrieval.topk import Mask
from intentrec.serving.ranking.person import Person
from intentrec.serving.ranking.shelf import Shelf

CHANNELS = ("user", "tag", "memory", "popular", "encoder")


def of_vector(person: Person, shelf: Shelf, config: RetrievalConfig, k: int, mask: Mask | None, *, seen: bool,
              name: str = "user", columns: slice = slice(None)) -> pl.DataFrame:  # fmt: skip
    """The best items by the user's vector alone.

    Args:
        seen: Whether what the user had is left out.
        columns: Coordinates that count.
    """
    if person.vector is None:
        return pl.DataFrame(schema=FUSED_SCHEMA)
    vector = np.zeros_like(person.vector)
    vector[columns] = person.vector[columns]
    alone = replace(person, vector=vector, tag_names=[])
    frame = alone.ranker(shelf, _plain(config), None).recommend([person.user_id], k, filter_viewed=seen, allowed=mask)
    return frame.with_columns(source=pl.lit(name))


def of_tags(
    person: Person, shelf: Shelf, config: RetrievalConfig, k: int, mask: Mask | None, *, seen: bool
) -> pl.DataFrame:
    """The best items by the user's interests alone, those of every interest in turn."""
    if not person.tag_names:
        return pl.DataFrame(schema=FUSED_SCHEMA)
    alone = replace(person, vector=None)
    return alone.ranker(shelf, _plain(config), None).recommend([person.user_id], k, filter_viewed=seen, allowed=mask)


def of_memory(
    person: Person, shelf: Shelf, remembered: Remembered, k: int, mask: Mask | None, *, seen: bool
) -> pl.DataFrame:
    """The items that memory adds most to."""
    table = remembered.scores(person.events, [person.user_id], person.as_of)
    items, scores = table.indices.astype(np.int64), table.data.astype(np.float64)
    kept = np.ones(len(items), dtype=np.bool_) if mask is None else mask[items]
    if seen:
        kept = kept & ~np.isin(items, shelf.index.rows_of(person.seen))
    items, scores = items[kept], scores[kept]
    order = np.lexsort((items, -scores))[:k]
    return listed(person.user_id, shelf.index.ids[items[order]].tolist(), scores[order].tolist(), "memory")


def listed(user_id: str, items: Sequence[str], scores: Sequence[float], source: str) -> pl.DataFrame:
    """Rows of `FUSED_SCHEMA` of items in their order."""
    n = len(items)
    empty: list[None] = [None] * n
    columns = {"user_id": [user_id] * n, "rank": range(1, n + 1), "item_id": items, "score": scores}
    columns |= {"source": [source] * n, **{name: empty for name in FUSED_SCHEMA if name not in {*columns, "source"}}}
    return pl.DataFrame({name: list(columns[name]) for name in FUSED_SCHEMA}, schema=FUSED_SCHEMA)


def _plain(config: RetrievalConfig) -> RetrievalConfig:
    return config.model_copy(update={"diversity": 0.0, "category_cap": None})
