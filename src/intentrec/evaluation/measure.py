"""From the lists of one system to the values of every user, in one view."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.evaluation import metrics
from intentrec.evaluation.items import GROUPS, TENTHS, Items
from intentrec.evaluation.lists import Hits, Lists, hits_of
from intentrec.evaluation.truth import Truth, average

Ints = NDArray[np.int64]
Values = NDArray[np.float64]
Kept = NDArray[np.float32]
Places = NDArray[np.int16]

EXPOSED_PLACES = 100
NOWHERE = np.iinfo(np.int16).max
"""Place of a target that is not in the list."""


@dataclass(frozen=True)
class Stratum:
    """Some users of a view, and what was measured of them.

    Attributes:
        users: Their places among the users of the view, (S,).
        values: Metric name -> (S,).
    """

    users: Ints
    values: dict[str, Kept]


@dataclass(frozen=True)
class Measured:
    """One system, trained once, in one view.

    Attributes:
        per_user: Metric name -> value of each user of the view, (U,), in single precision to save memory.
        overall: Metrics that belong to no user.
        groups: Group of items -> recall and NDCG of the users who have targets in it.
        places: Where each target stands in the list that should hold it, from 0, or `NOWHERE`, one row a seed, (R, T).
        listed: Places among the first 100 of all lists that each tenth of the items holds, (10,).
    """

    per_user: dict[str, Kept]
    overall: dict[str, float]
    groups: dict[str, Stratum]
    places: Places
    listed: Ints


Looks = dict[str, Values]


def looks_of(lists: Lists, items: Items, ks: Sequence[int]) -> Looks:
    """Metrics of what the lists look like, whatever the targets: name -> (V,), for all who were asked for.

    EICD is the number of categories under the name of the paper: summaries add it.
    """
    found: dict[str, Values] = {"novelty": metrics.novelty_at(lists, items.surprise, ks)}
    if items.vectors is not None:
        found["diversity"] = metrics.diversity_at(lists, items.vectors, ks)
    if (items.categories >= 0).any():
        found["categories"] = metrics.categories_at(lists, items.categories, ks)
        most = np.minimum(np.array(ks), len(np.unique(items.categories[items.categories >= 0])))
        found["category_diversity"] = found["categories"] / most
    return {f"{name}@{k}": values[:, n] for name, values in found.items() for n, k in enumerate(ks)}


def measured(lists: Lists, looks: Looks, truth: Truth, items: Items, ks: Sequence[int]) -> Measured:
    """All metrics of one system in one view.

    Args:
        lists: Its lists for all who were asked for, (V, K).
        looks: The outcome of `looks_of` for these lists.
        truth: What had to be found.
        items: The visible items.
        ks: List lengths.
    """
    hits, lists = hits_of(lists, truth.rows, truth.targets, len(items.ids)), lists[truth.rows]
    found: dict[str, Values] = {}
    overall: dict[str, float] = {}
    for k in ks:
        found |= _accuracy(hits, truth, k)
        if (items.categories >= 0).any():
            clicked = items.categories[truth.items[hits.targets]]
            found[f"cicd@{k}"] = metrics.clicked_categories_at(hits, clicked, k)
        shown = metrics.shown_at(lists, len(items.ids), k)
        overall |= {f"coverage@{k}": metrics.coverage(shown), f"gini@{k}": metrics.gini(shown)}
    found |= {name: values[truth.rows] for name, values in looks.items()}
    places = np.full((1, len(truth.items)), NOWHERE, dtype=np.int16)
    places[0, hits.targets] = hits.places
    shown = metrics.shown_at(lists, len(items.ids), EXPOSED_PLACES)
    listed = np.bincount(items.tenths, weights=shown, minlength=TENTHS).astype(np.int64)
    per_user = {name: truth.averaged(values).astype(np.float32) for name, values in found.items()}
    return Measured(per_user, overall, _by_group(hits, truth, items, ks), places, listed)


def _accuracy(hits: Hits, truth: Truth, k: int) -> dict[str, Values]:
    n = truth.targets.n_targets
    gains = metrics.weighted_dcg_at(hits, truth.weights[hits.targets], k)
    return {
        f"recall@{k}": metrics.recall_at(hits, n, k),
        f"ndcg@{k}": metrics.ndcg_at(hits, n, k),
        f"mrr@{k}": metrics.mrr_at(hits, n, k),
        f"debiased_ndcg@{k}": gains / (truth.ideal[k] or 1.0),
    }


def _by_group(hits: Hits, truth: Truth, items: Items, ks: Sequence[int]) -> dict[str, Stratum]:
    """Recall and NDCG of the targets of each group alone, of those who have some."""
    found = {}
    group = items.groups[truth.items]
    for number, name in enumerate(GROUPS):
        n = truth.of_group[number]
        asked = np.flatnonzero(n)
        if not len(asked):
            continue
        users, owners = np.unique(truth.owners[asked], return_inverse=True)
        mine = hits.among(group == number)
        values = {}
        for k in ks:
            both = {"recall": metrics.recall_at(mine, n, k), "ndcg": metrics.ndcg_at(mine, n, k)}
            for metric, each in both.items():
                values[f"{metric}@{k}"] = average(each[asked], owners, len(users)).astype(np.float32)
        found[name] = Stratum(users, values)
    return found


def user_rows(system: str, truth: Truth, per_user: dict[str, Kept]) -> pl.DataFrame:
    """Rows of `USER_METRICS`."""
    return pl.DataFrame(
        {"user_id": truth.users, "n_targets": truth.n_targets, **per_user},
        schema_overrides={"user_id": pl.String},
    ).select(pl.lit(system).alias("system"), pl.lit(truth.name).alias("view"), pl.all())


def mean_of(runs: Sequence[Measured]) -> Measured:
    """The mean of one system's runs with several seeds; places are kept of each."""
    first = runs[0]
    if len(runs) == 1:
        return first
    groups = {
        name: Stratum(stratum.users, _means([run.groups[name].values for run in runs]))
        for name, stratum in first.groups.items()
    }
    overall = {name: float(np.mean([run.overall[name] for run in runs])) for name in first.overall}
    listed = np.sum([run.listed for run in runs], axis=0)
    places = np.concatenate([run.places for run in runs])
    return Measured(_means([run.per_user for run in runs]), overall, groups, places, listed)


def _means(runs: Sequence[dict[str, Kept]]) -> dict[str, Kept]:
    means: dict[str, Kept] = {}
    for name in runs[0]:
        # In double precision, so that equal seeds have their own value as mean.
        means[name] = np.stack([run[name] for run in runs]).mean(axis=0, dtype=np.float64).astype(np.float32)
    return means
