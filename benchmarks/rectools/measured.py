"""Recall and NDCG of stored lists against held-out items."""

import numpy as np
import polars as pl

from intentrec.evaluation.lists import Hits
from intentrec.evaluation.metrics import ndcg_at, recall_at

KS = (5, 10, 100)


def per_user(lists: pl.DataFrame, targets: pl.DataFrame, ks: tuple[int, ...] = KS) -> pl.DataFrame:
    """user_id, then recall@k and ndcg@k, one row for each user with a target; no list is a miss.

    Args:
        lists: user_id, rank from 1, item_id; as long as the greatest of `ks`, or ended.
        targets: user_id, item_id; no pair twice.
        ks: Lengths.
    """
    wanted = targets.group_by("user_id").len().sort("user_id").with_row_index("row")
    pairs = targets.select("user_id", "item_id").with_row_index("target")
    found = lists.join(pairs, on=["user_id", "item_id"], how="inner").join(wanted, on="user_id", how="inner")
    row, rank, target = (found[name].cast(pl.Int64).to_numpy() for name in ("row", "rank", "target"))
    hits = Hits(row, rank - 1, target, len(wanted))
    n_targets = wanted["len"].cast(pl.Int64).to_numpy().astype(np.int64)
    values = {f"recall@{k}": recall_at(hits, n_targets, k) for k in ks}
    values |= {f"ndcg@{k}": ndcg_at(hits, n_targets, k) for k in ks}
    return pl.DataFrame({"user_id": wanted["user_id"], **values})
