"""Means with intervals and paired tests, of everyone and of each stratum, from what was measured."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.evaluation.frames import COMPARISON_SCHEMA, EVERYONE, SPREAD_SCHEMA, SUMMARY_SCHEMA
from intentrec.evaluation.items import GROUPS
from intentrec.evaluation.measure import Kept, Measured
from intentrec.evaluation.significance import compare, holm, interval, resampled_means, wilcoxon
from intentrec.evaluation.truth import Truth

Ints = NDArray[np.int64]
Values = NDArray[np.float64]
Pairs = Sequence[tuple[str, str]]

IN_STRATA = ("recall@", "ndcg@")
STRANGERS = "users: no history"


@dataclass(frozen=True)
class Resampling:
    """How the bootstrap draws."""

    samples: int
    confidence: float
    seed: int


@dataclass(frozen=True)
class Sample:
    """The values of the users of one stratum.

    Attributes:
        view: Name of the view.
        stratum: Name of the stratum.
        n_users: How many.
        names: (system, metric) of each column.
        values: (S, M).
        overall: System -> what belongs to no user.
    """

    view: str
    stratum: str
    n_users: int
    names: list[tuple[str, str]]
    values: Values
    overall: Mapping[str, Mapping[str, float]]


def pairs_of(given: Sequence[str], baselines: Sequence[str]) -> list[tuple[str, str]]:
    """Every given system against every other; baselines among themselves only where nothing is given."""
    pairs = combinations([*given, *baselines], 2)
    return [(a, b) for a, b in pairs if a in given or not given]


def activity_strata(users: pl.Series, train: pl.DataFrame, ends: Sequence[int]) -> dict[str, Ints]:
    """Places of the users of each stratum of activity: events before the cut, whatever their kind; empty ones left out.

    Args:
        users: Ids.
        train: Events before the cut.
        ends: Upper ends of the strata.
    """
    known = train.filter(pl.col("item_id").is_not_null()).group_by("user_id").len("n")
    counts = pl.DataFrame({"user_id": users}).join(known, on="user_id", how="left", maintain_order="left")
    n = counts["n"].fill_null(0).to_numpy()
    names = [STRANGERS]
    for low, high in zip([0, *ends[:-1]], ends, strict=False):
        names.append(f"users: {low + 1}-{high} events" if high > low + 1 else f"users: {high} events")
    names.append(f"users: more than {ends[-1]} events" if ends else "users: with history")
    bucket = np.searchsorted([0, *ends], n)
    return {name: np.flatnonzero(bucket == b) for b, name in enumerate(names) if (bucket == b).any()}


def summarised(
    truth: Truth, systems: Mapping[str, Measured], strata: Mapping[str, Ints], pairs: Pairs, options: Resampling
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Means with intervals, and comparisons of the given pairs, in one view and its strata.

    Args:
        truth: The view.
        systems: What was measured.
        strata: Name -> places of users (`activity_strata`); strata of items are measured already.
        pairs: Whom to compare.
        options: Of the bootstrap.

    Returns:
        Frames of `SUMMARY_SCHEMA` and `COMPARISON_SCHEMA`, both empty without systems or users.
    """
    summaries, comparisons = [pl.DataFrame(schema=SUMMARY_SCHEMA)], [pl.DataFrame(schema=COMPARISON_SCHEMA)]
    if systems and len(truth.users):
        for sample in _samples(truth, systems, strata):
            means = resampled_means(sample.values, options.samples, np.random.default_rng(options.seed))
            summaries.append(_summary(sample, means, options.confidence))
            comparisons.append(_comparisons(sample, means, pairs, options.confidence))
    return _with_eicd(pl.concat(summaries)), _with_eicd(pl.concat(comparisons))


def _with_eicd(frame: pl.DataFrame) -> pl.DataFrame:
    """EICD offline is the number of categories shown (`metrics.categories_at`): no need to resample it twice."""
    same = frame.filter(pl.col("metric").str.starts_with("categories@"))
    return pl.concat([frame, same.with_columns(pl.col("metric").str.replace("categories@", "eicd@"))])


def spread(view: str, system: str, runs: Sequence[Measured]) -> pl.DataFrame:
    """How far the means of single seeds lie apart, a frame of `SPREAD_SCHEMA`; empty for one seed."""
    if len(runs) < 2:
        return pl.DataFrame(schema=SPREAD_SCHEMA)
    rows = []
    for metric in runs[0].per_user | runs[0].overall:
        means = [
            float(run.per_user[metric].mean(dtype=np.float64)) if metric in run.per_user else run.overall[metric]
            for run in runs
        ]
        place = {"system": system, "view": view, "metric": metric, "seeds": len(runs)}
        ends = {"least": min(means), "most": max(means)}
        rows.append(place | {"mean": float(np.mean(means)), "std": float(np.std(means, ddof=1))} | ends)
    return pl.DataFrame(rows, schema=SPREAD_SCHEMA)


def _samples(truth: Truth, systems: Mapping[str, Measured], strata: Mapping[str, Ints]) -> Iterator[Sample]:
    values = {system: found.per_user for system, found in systems.items()}
    yield _sample(truth, EVERYONE, values, {system: found.overall for system, found in systems.items()})
    for name, users in strata.items():
        parts = {
            system: {m: each[users] for m, each in found.items() if m.startswith(IN_STRATA)}
            for system, found in values.items()
        }
        yield _sample(truth, name, parts, {})
    for group in GROUPS:
        if all(group in found.groups for found in systems.values()):
            by_group = {system: found.groups[group].values for system, found in systems.items()}
            yield _sample(truth, f"items: {group}", by_group, {})


def _sample(
    truth: Truth, stratum: str, values: Mapping[str, Mapping[str, Kept]], overall: Mapping[str, Mapping[str, float]]
) -> Sample:
    names = [(system, metric) for system, found in values.items() for metric in found]
    columns = np.column_stack([values[system][metric] for system, metric in names]).astype(np.float64)
    return Sample(truth.name, stratum, len(columns), names, columns, overall)


def _summary(sample: Sample, means: Values, confidence: float) -> pl.DataFrame:
    lows, highs = interval(means, confidence)
    values = sample.values.mean(axis=0)
    rows = []
    place = {"view": sample.view, "stratum": sample.stratum, "users": sample.n_users}
    for system in dict.fromkeys(system for system, _ in sample.names):
        common = place | {"system": system}
        for column, (owner, metric) in enumerate(sample.names):
            if owner == system:
                ends = {"low": float(lows[column]), "high": float(highs[column])}
                rows.append(common | {"metric": metric, "value": float(values[column])} | ends)
        rows += [common | {"metric": name, "value": value} for name, value in sample.overall.get(system, {}).items()]
    return pl.DataFrame(rows, schema=SUMMARY_SCHEMA)


def _comparisons(sample: Sample, means: Values, pairs: Pairs, confidence: float) -> pl.DataFrame:
    if not pairs:
        return pl.DataFrame(schema=COMPARISON_SCHEMA)
    at = {name: column for column, name in enumerate(sample.names)}
    rows = []
    for metric in dict.fromkeys(metric for _, metric in sample.names):
        ones, others = ([at[pair[side], metric] for pair in pairs] for side in (0, 1))
        ranked = wilcoxon(sample.values[:, ones] - sample.values[:, others])
        family = []
        for (a, b), one, other in zip(pairs, ones, others, strict=True):
            found = compare(sample.values[:, one], sample.values[:, other], means[:, one], means[:, other], confidence)
            place = {"view": sample.view, "stratum": sample.stratum, "metric": metric}
            family.append(place | {"system": a, "against": b, **vars(found)})
        drawn = holm(np.array([row["p"] for row in family]))
        for row, p, p_rank, corrected in zip(family, drawn, ranked, holm(ranked), strict=True):
            tests = {"p_holm": float(p), "p_wilcoxon": float(p_rank), "p_wilcoxon_holm": float(corrected)}
            rows.append(row | tests)
    return pl.DataFrame(rows, schema=COMPARISON_SCHEMA)
