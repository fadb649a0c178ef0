"""The frames that a comparison consists of, and the names of strata: the contract between measuring and reporting."""

import polars as pl

EVERYONE = "everyone"

SUMMARY_SCHEMA = pl.Schema(
    {
        "system": pl.String, "view": pl.String, "stratum": pl.String, "metric": pl.String, "value": pl.Float64,
        "low": pl.Float64, "high": pl.Float64, "users": pl.Int64,
    }
)  # fmt: skip
"""Means over users; no interval for what belongs to no user, as coverage."""

COMPARISON_SCHEMA = pl.Schema(
    {
        "view": pl.String, "stratum": pl.String, "metric": pl.String, "system": pl.String, "against": pl.String,
        "difference": pl.Float64, "low": pl.Float64, "high": pl.Float64, "p": pl.Float64, "p_holm": pl.Float64,
        "p_wilcoxon": pl.Float64, "p_wilcoxon_holm": pl.Float64,
    }
)  # fmt: skip
"""Paired tests: `p` of the bootstrap over users, each with Holm's correction over the pairs of one view, stratum and
metric."""

COSTS_SCHEMA = pl.Schema({"system": pl.String, "train_s": pl.Float64, "ms_per_user": pl.Float64, "mb": pl.Float64})
"""Seconds of training, milliseconds of ranking a user, megabytes (10^6) of what was learned; null where unknown."""

EXPOSURE_SCHEMA = pl.Schema(
    {
        "system": pl.String, "view": pl.String, "group": pl.Int64, "share_listed": pl.Float64,
        "share_targets": pl.Float64, "recall": pl.Float64,
    }
)  # fmt: skip
"""Tenths of the items by popularity (1 = the most popular): their share of the first 100 places of all lists, their
share of the targets that can be known, and the share of those targets that was found there; null without targets."""

EXCLUSIVE_SCHEMA = pl.Schema(
    {
        "system": pl.String, "view": pl.String, "k": pl.Int64, "recall": pl.Float64, "exclusive": pl.Float64,
        "low": pl.Float64, "high": pl.Float64,
    }
)  # fmt: skip
"""Recall, and the part of it that no other system of the comparison finds within its first k, with its interval."""

SPREAD_SCHEMA = pl.Schema(
    {
        "system": pl.String, "view": pl.String, "metric": pl.String, "seeds": pl.Int64, "mean": pl.Float64,
        "std": pl.Float64, "least": pl.Float64, "most": pl.Float64,
    }
)  # fmt: skip
"""Systems trained with several seeds: how far the means of single seeds lie apart (std with n - 1)."""

SWEEP_SCHEMA = pl.Schema(
    {
        "system": pl.String, "view": pl.String, "k": pl.Int64, "knob": pl.String, "setting": pl.Float64,
        "recall": pl.Float64, "ndcg": pl.Float64, "diversity": pl.Float64, "category_diversity": pl.Float64,
    }
)  # fmt: skip
"""One system at several settings of a knob, in the first k places of one view, for the trade of recall against
diversity; null where items have no vectors or no categories."""

ROADS_SCHEMA = pl.Schema(
    {
        "question": pl.String, "measure": pl.String, "unit": pl.String, "system": pl.String, "value": pl.Float64,
        "said": pl.String,
    }
)  # fmt: skip
"""What systems cost and give beside quality: one row for a measure of a system; a number, or words where there is
none."""

TAG_HITS_SCHEMA = pl.Schema(
    {
        "of": pl.String, "n": pl.Int64, "hit_rate": pl.Float64, "low": pl.Float64, "high": pl.Float64,
        "counted": pl.Int64,
    }
)  # fmt: skip
"""HR@n of tags: of = "users" (is the next item's category among those of the first n tags?) or "targets" (the same for
every held-out item)."""
