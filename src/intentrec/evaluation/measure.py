"""From the lists of all systems to per-user metrics, and from those to means, intervals and paired tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.evaluation import metrics
from intentrec.evaluation.baselines.interactions import codes
from intentrec.evaluation.frames import COMPARISON_SCHEMA, EVERYONE, SUMMARY_SCHEMA
from intentrec.evaluation.lists import hits_of
from intentrec.evaluation.significance import compare, holm, interval, resampled_means
from intentrec.evaluation.views import Targets

Ints = NDArray[np.int64]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Items:
    """The items visible before the cut: ids ascending, and the category code of each, -1 where it has none."""

    ids: pl.Series
    categories: Ints

    @classmethod
    def of(cls, items: pl.DataFrame) -> "Items":
        """From a table of item_id and, where there is one, category."""
        if "category" not in items.columns:
            items = items.with_columns(category=pl.lit(None, dtype=pl.String))
        rows = items.select("item_id", "category").unique("item_id", keep="first").sort("item_id")
        names = rows["category"].drop_nulls().unique().sort()
        found = codes(rows["category"], names) if len(names) else np.full(len(rows), -1, dtype=np.int64)
        return cls(rows["item_id"], found)


@dataclass(frozen=True)
class Measured:
    """One system in one view.

    Attributes:
        per_user: Metric name -> value of each user of the view, (U,).
        overall: Metrics that belong to no user.
    """

    per_user: dict[str, Values]
    overall: dict[str, float]


def measured(lists: Ints, users: pl.Series, targets: Targets, items: Items, ks: Sequence[int]) -> Measured:
    """All metrics of one system in one view.

    Args:
        lists: Its lists for `users`, (U, K).
        users: All users that were asked for, those of the view among them.
        targets: What had to be found.
        items: The visible items.
        ks: List lengths.
    """
    rows = codes(targets.users, users)
    hits, lists = hits_of(lists, rows, targets, len(items.ids)), lists[rows]
    per_user: dict[str, Values] = {}
    overall: dict[str, float] = {}
    for k in ks:
        per_user[f"recall@{k}"] = metrics.recall_at(hits, targets.n_targets, k)
        per_user[f"ndcg@{k}"] = metrics.ndcg_at(hits, targets.n_targets, k)
        overall[f"coverage@{k}"] = metrics.coverage_at(lists, len(items.ids), k)
        if (items.categories >= 0).any():
            per_user[f"categories@{k}"] = metrics.categories_at(lists, items.categories, k)
            per_user[f"category_diversity@{k}"] = metrics.category_diversity_at(lists, items.categories, k)
    return Measured(per_user, overall)


def user_rows(system: str, targets: Targets, found: Measured) -> pl.DataFrame:
    """Rows of `USER_METRICS`."""
    return pl.DataFrame(
        {"user_id": targets.users, "n_targets": targets.n_targets, **found.per_user},
        schema_overrides={"user_id": pl.String},
    ).select(pl.lit(system).alias("system"), pl.lit(targets.view.name).alias("view"), pl.all())


def summarised(
    targets: Targets, systems: Mapping[str, Measured], pairs: Sequence[tuple[str, str]], options: "Resampling"
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Means with intervals, and comparisons of the given pairs, in one view.

    Returns:
        Frames of `SUMMARY_SCHEMA` and `COMPARISON_SCHEMA`, both empty without systems or users.
    """
    if not (systems and len(targets.users)):
        return pl.DataFrame(schema=SUMMARY_SCHEMA), pl.DataFrame(schema=COMPARISON_SCHEMA)
    names = [(system, metric) for system, found in systems.items() for metric in found.per_user]
    values = np.column_stack([systems[system].per_user[metric] for system, metric in names])
    means = resampled_means(values, options.samples, np.random.default_rng(options.seed))
    at = {name: column for column, name in enumerate(names)}
    return (
        _summary(targets, systems, values, means, at, options.confidence),
        _comparisons(targets.view.name, pairs, values, means, at, options.confidence),
    )


@dataclass(frozen=True)
class Resampling:
    """How the bootstrap draws."""

    samples: int
    confidence: float
    seed: int


def pairs_of(given: Sequence[str], baselines: Sequence[str]) -> list[tuple[str, str]]:
    """Every given system against every other; baselines among themselves only where nothing is given."""
    pairs = combinations([*given, *baselines], 2)
    return [(a, b) for a, b in pairs if a in given or not given]


def _summary(
    targets: Targets, systems: Mapping[str, Measured], values: Values, means: Values,
    at: dict[tuple[str, str], int], confidence: float,
) -> pl.DataFrame:  # fmt: skip
    lows, highs = interval(means, confidence)
    rows = []
    for system, found in systems.items():
        common = {"system": system, "view": targets.view.name, "stratum": EVERYONE, "users": len(targets.users)}
        for metric in found.per_user:
            column = at[system, metric]
            ends = {"low": float(lows[column]), "high": float(highs[column])}
            rows.append(common | {"metric": metric, "value": float(values[:, column].mean())} | ends)
        rows += [common | {"metric": metric, "value": value} for metric, value in found.overall.items()]
    return pl.DataFrame(rows, schema=SUMMARY_SCHEMA)


def _comparisons(
    view: str, pairs: Sequence[tuple[str, str]], values: Values, means: Values,
    at: dict[tuple[str, str], int], confidence: float,
) -> pl.DataFrame:  # fmt: skip
    rows = []
    for metric in dict.fromkeys(metric for _, metric in at):
        family = []
        for a, b in pairs:
            one, other = at[a, metric], at[b, metric]
            found = compare(values[:, one], values[:, other], means[:, one], means[:, other], confidence)
            family.append(
                {"view": view, "stratum": EVERYONE, "metric": metric, "system": a, "against": b, **vars(found)}
            )
        corrected = holm(np.array([row["p"] for row in family]))
        rows += [row | {"p_holm": float(p)} for row, p in zip(family, corrected, strict=True)]
    return pl.DataFrame(rows, schema=COMPARISON_SCHEMA)
