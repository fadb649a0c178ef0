"""What follows what in users' histories, counted over phrases with sparse products."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from intentrec.tags.config import TagsConfig

_BLOCK = 512


def follow_scores(events: pl.DataFrame, n_phrases: int, config: TagsConfig) -> csr_array:
    """Scores (n_phrases, n_phrases): how much more than by chance the column comes after the row.

    A basket is what a user touched on one day. Phrase j follows phrase i when j is in one of the user's next
    `follow_steps` baskets; the k-th counts 1 / k. Counts are divided by the root of both phrases' own counts, which
    keeps what everybody buys from following everything; each row keeps its best `follow_kept`.

    Args:
        events: user_id, timestamp, phrase (index); what may count, in any order.
        n_phrases: Number of phrases.
        config: Steps, shrinkage and rows kept.
    """
    baskets = (
        events.select("user_id", "phrase", day=pl.col("timestamp").dt.date())
        .unique()
        .sort("user_id", "day", "phrase")
        .with_columns(basket=pl.struct("user_id", "day").rle_id().cast(pl.Int64))
    )
    if baskets.is_empty():
        return csr_array((n_phrases, n_phrases), dtype=np.float64)
    owners = baskets.unique("basket", keep="first", maintain_order=True)["user_id"].rle_id().to_numpy()
    places = (baskets["basket"].to_numpy(), baskets["phrase"].to_numpy())
    held = csr_array((np.ones(baskets.height), places), shape=(len(owners), n_phrases))
    later = _next_baskets(owners, config.follow_steps) @ held
    popularity = np.sqrt(np.asarray(held.sum(axis=0)).ravel() + config.follow_shrinkage)
    return _stacked(_best_rows(held, csr_array(later), popularity, config.follow_kept), n_phrases)


def _next_baskets(owners: NDArray[np.uint32], steps: int) -> csr_array:
    """(n, n) weights from each basket to the next ones of the same user."""
    n = len(owners)
    rows, columns, weights = [], [], []
    for k in range(1, min(steps, n - 1) + 1):
        at = np.flatnonzero(owners[:-k] == owners[k:])
        rows.append(at)
        columns.append(at + k)
        weights.append(np.full(len(at), 1.0 / k))
    if not rows:
        return csr_array((n, n), dtype=np.float64)
    return csr_array((np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), shape=(n, n))


def _best_rows(
    held: csr_array, later: csr_array, popularity: NDArray[np.float64], kept: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """Row, column and score of what is kept, a block of phrases at a time: the whole product would not fit."""
    holders = csr_array(held.T)
    for start in range(0, holders.shape[0], _BLOCK):
        counts = coo_array(holders[start : start + _BLOCK] @ later)
        rows, columns = counts.row.astype(np.int64) + start, counts.col.astype(np.int64)
        scores = np.round(counts.data / (popularity[rows] * popularity[columns]), 9)
        other = rows != columns
        rows, columns, scores = rows[other], columns[other], scores[other]
        order = np.lexsort((columns, -scores, rows))
        rows, columns, scores = rows[order], columns[order], scores[order]
        place = np.arange(len(rows)) - np.searchsorted(rows, rows)
        best = place < kept
        yield rows[best], columns[best], scores[best]


def _stacked(blocks: Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]], n: int) -> csr_array:
    rows, columns, scores = (np.concatenate(part) for part in zip(*blocks, strict=True))
    return csr_array((scores, (rows, columns)), shape=(n, n))
