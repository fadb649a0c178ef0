"""What is bought together, as vectors."""

from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

from intentrec.text.clusters import unit

_WIDTH = 64
_FEWEST_TOGETHER = 3  # users who touched both, below which a pair is chance
_FEWEST_USERS = 5  # users of an item, below which its vector is zero
_MOST_ITEMS = 500  # per user, the newest: wholesalers touch everything, and pairs grow with the square
_DECIMALS = 4


def copurchase_vectors(items: pl.Series, events: pl.DataFrame, as_of: datetime) -> NDArray[np.float32]:
    """Unit rows (n, up to 64) of the item ids: singular vectors of the positive pointwise mutual information of pairs.

    A row is zero for an item with few users, and all rows where the events say too little.
    """
    touched = _touched(items, events, as_of)
    n_users = int(touched.sum(axis=1).astype(bool).sum())
    users = np.asarray(touched.sum(axis=0), dtype=np.float64)
    pairs = (touched.T @ touched).tocoo()
    kept = (pairs.row != pairs.col) & (pairs.data >= _FEWEST_TOGETHER)
    row, col, together = pairs.row[kept], pairs.col[kept], pairs.data[kept]
    information = np.log(together * n_users / (users[row] * users[col])).clip(0)
    matrix = csr_array((information, (row, col)), shape=pairs.shape)
    width = min(_WIDTH, len(items) - 1)
    if width < 1 or not information.any():
        return np.zeros((len(items), 1), dtype=np.float32)
    left, strength, _ = svds(matrix, k=width, v0=np.ones(len(items)))
    left[users < _FEWEST_USERS] = 0
    return unit(np.round(left * np.sqrt(strength), _DECIMALS))


def _touched(items: pl.Series, events: pl.DataFrame, as_of: datetime) -> csr_array:
    """1 where a user (row) touched an item (column)."""
    places = pl.DataFrame({"item_id": items, "column": range(len(items))}, schema_overrides={"column": pl.Int64})
    pairs = (
        events.filter(pl.col("timestamp") < as_of)
        .group_by("user_id", "item_id")
        .agg(pl.col("timestamp").max())
        .join(places, on="item_id")
        .sort("user_id", "timestamp", "item_id", descending=[False, True, False])
        .filter(pl.int_range(pl.len()).over("user_id") < _MOST_ITEMS)
        .with_columns(pl.col("user_id").rank("dense").cast(pl.Int64).alias("user") - 1)
    )
    shape = (pairs["user"].n_unique(), len(items))
    return csr_array((np.ones(len(pairs)), (pairs["user"].to_numpy(), pairs["column"].to_numpy())), shape=shape)
