"""A user's items in groups of one meaning, and what each group amounts to."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from intentrec.interests.config import InterestsConfig
from intentrec.interests.stages import stage
from intentrec.interests.touches import Touches
from intentrec.text.clusters import group, unit


@dataclass(frozen=True)
class Groups:
    """Groups of all users.

    Attributes:
        touches: The touches with a column `group`.
        frame: One row a group: group, user_id, n_events, n_days, first, last, weight, stage; ordered by group.
        vectors: (n_groups, d) unit rows, the mean of a group's texts weighted by strength.
    """

    touches: pl.DataFrame
    frame: pl.DataFrame
    vectors: NDArray[np.float32]


def group_touches(touches: Touches, config: InterestsConfig) -> Groups:
    """Groups of each user alone, numbered by user, heaviest first; a text that is near to no other group stays out."""
    units = touches.frame.group_by("user_id", "unit").agg(pl.col("strength").sum()).sort("user_id", "unit")
    labels = np.full(units.height, -1, dtype=np.int64)
    start = 0
    for begin, end in _runs(units["user_id"]):
        part = units[begin:end]
        own = _labels(touches.vectors[part["unit"].to_numpy()], part["strength"].to_numpy(), config)
        labels[begin:end] = np.where(own < 0, -1, start + own)
        start += int(own.max()) + 1
    groups = units.select("user_id", "unit", group=pl.Series(labels))
    grouped = touches.frame.join(groups, on=["user_id", "unit"], how="left", maintain_order="left")
    return regroup(grouped.filter(pl.col("group") >= 0), touches.vectors, config)


def regroup(touches: pl.DataFrame, vectors: NDArray[np.float32], config: InterestsConfig) -> Groups:
    """Sum up touches that carry a group number; numbers are closed up to 0, 1, 2, ... in their order."""
    numbers = touches.select(pl.col("group").unique().sort()).with_row_index("number")
    dense = touches.join(numbers, on="group", how="left", maintain_order="left").with_columns(
        group=pl.col("number").cast(pl.Int64)
    )
    dense = dense.drop("number")
    return Groups(dense, summarise(dense, config), _centroids(dense, vectors))


def summarise(touches: pl.DataFrame, config: InterestsConfig) -> pl.DataFrame:
    """Counts, times, weight and stage of each group; weight is its share of the user's decayed strength."""
    user_last = pl.col("timestamp").max().over("user_id")
    recent = pl.col("timestamp") >= user_last - pl.duration(days=config.recent_days)
    return (
        touches.with_columns(user_last=user_last, recent=recent, total=pl.col("strength").sum().over("user_id"))
        .group_by("group", maintain_order=True)
        .agg(
            pl.col("user_id").first(),
            pl.len().alias("n_events"),
            pl.col("timestamp").dt.date().n_unique().alias("n_days"),
            pl.col("timestamp").min().alias("first"),
            pl.col("timestamp").max().alias("last"),
            pl.col("recent").sum().alias("n_recent"),
            pl.col("user_last").first(),
            (pl.col("strength").sum() / pl.col("total").first()).round(9).alias("weight"),
        )
        .with_columns(stage=stage(config))
        .sort("group")
    )


def _labels(vectors: NDArray[np.float32], strength: NDArray[np.float64], config: InterestsConfig) -> NDArray[np.int64]:
    """Labels (n,) of unit rows (n, d), -1 for no group; only the strongest `max_group_texts` take part."""
    order = np.lexsort((np.arange(len(vectors)), -np.round(strength, 9)))[: config.max_group_texts]
    core = np.sort(order)
    labels = np.full(len(vectors), -1, dtype=np.int64)
    labels[core] = group(vectors[core], strength[core], 2 * config.max_interests, config.group_similarity)
    return labels


def _centroids(touches: pl.DataFrame, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    n = int(touches["group"].max() or 0) + 1 if touches.height else 0  # type: ignore[arg-type]
    weights = touches["strength"].to_numpy()
    places = (touches["group"].to_numpy(), touches["unit"].to_numpy())
    sums = csr_array((weights, places), shape=(n, len(vectors))) @ vectors.astype(np.float64)
    return unit(sums)


def _runs(users: pl.Series) -> Iterator[tuple[int, int]]:
    """Begin and end of each stretch of the same user in a sorted column."""
    if not len(users):
        return
    starts = users.to_frame().select((pl.col("user_id") != pl.col("user_id").shift(1)).fill_null(True).arg_true())
    edges = [*starts.to_series().to_list(), len(users)]
    yield from pairwise(edges)
