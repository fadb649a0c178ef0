"""Hit rate of tags: do the words written for a user lead to the category of what comes next?"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.evaluation.frames import TAG_HITS_SCHEMA
from intentrec.evaluation.significance import interval, resampled_means
from intentrec.evaluation.summary import Resampling

Values = NDArray[np.float64]


def tag_hits(
    tags: pl.DataFrame, catalogue: pl.DataFrame, targets: pl.DataFrame, options: Resampling, *, n: int = 30
) -> pl.DataFrame:
    """HR@n of RecGPT-V1 (arXiv 2507.22879, item-tag prediction): a frame of `TAG_HITS_SCHEMA`.

    HR@30 = mean over users of [category of the next item is among phi(tag) of the user's first 30 tags]. "users" is
    that: the next item is the earliest target, and where several share its time (a basket has one), it is the share of
    them that is hit: what is expected when one of them is drawn. "targets" asks it of every target, averaged within
    each user. Only users with a tag are counted, and only targets whose item has a category; how many is said by
    `counted`.

    Args:
        tags: user_id, rank, and category (phi of the tag), as in `TAGS`.
        catalogue: item_id and category.
        targets: user_id, item_id, timestamp, as in `Split.targets`.
        options: Of the intervals over users.
        n: Tags looked at.
    """
    users = hits_by_user(tags, catalogue, targets.join(tags.select("user_id").unique(), on="user_id", how="semi"), n)
    if users.is_empty():
        return pl.DataFrame(schema=TAG_HITS_SCHEMA)
    values: Values = users.select("first", "every").to_numpy()
    low, high = interval(
        resampled_means(values, options.samples, np.random.default_rng(options.seed)), options.confidence
    )
    counted = (len(users), int(users["targets"].sum()))
    rows = [
        {
            "of": of, "n": n, "hit_rate": float(values[:, c].mean()), "low": float(low[c]), "high": float(high[c]),
            "counted": counted[c],
        }
        for c, of in enumerate(("users", "targets"))
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=TAG_HITS_SCHEMA)


def hits_by_user(tags: pl.DataFrame, catalogue: pl.DataFrame, targets: pl.DataFrame, n: int) -> pl.DataFrame:
    """user_id, first (share of the next items that is hit), every (of all targets), targets (how many), by user.

    Users without a tag hit nothing; users none of whose targets has a category are left out. Arguments: see `tag_hits`.
    """
    led = tags.filter(pl.col("rank") <= n).select("user_id", "category").drop_nulls().unique()
    known = catalogue.select("item_id", "category").drop_nulls().unique("item_id", keep="first")
    judged = (
        targets.join(known, on="item_id")
        .join(led.with_columns(hit=pl.lit(1.0)), on=["user_id", "category"], how="left")
        .with_columns(
            pl.col("hit").fill_null(0.0), next=pl.col("timestamp") == pl.col("timestamp").min().over("user_id")
        )
    )
    return (
        judged.group_by("user_id")
        .agg(first=pl.col("hit").filter("next").mean(), every=pl.col("hit").mean(), targets=pl.len())
        .sort("user_id")
    )
