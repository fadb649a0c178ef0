"""How far raters agree beyond chance: Cohen's kappa for two, Krippendorff's alpha for more."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Rating(NamedTuple):
    """One verdict of one rater about one subject."""

    subject: str
    rater: str
    verdict: str


@dataclass(frozen=True)
class Agreement:
    """How far the raters of one criterion agree.

    Attributes:
        raters: How many gave at least one verdict.
        subjects: How many have at least one verdict.
        shared: How many have verdicts of two raters or more; only these say anything about agreement.
        observed: Share of pairs of verdicts on one subject that are equal, each subject counted alike; None without
            shared subjects.
        statistic: "kappa" for two raters, "alpha" for more.
        value: 1 for full agreement, 0 for what chance would give; None where nothing is shared or all verdicts are
            the same, which leaves chance no room.
    """

    raters: int
    subjects: int
    shared: int
    observed: float | None
    statistic: Literal["kappa", "alpha"]
    value: float | None


def agreement(ratings: Iterable[Rating], levels: Sequence[str] = ()) -> Agreement:
    """Figures of one criterion.

    Args:
        ratings: In the order they were given: where a rater judged a subject twice, the later verdict counts.
        levels: Verdicts from worst to best where they have an order, so that near misses count less than far ones.
    """
    units: dict[str, dict[str, str]] = {}
    for rating in ratings:
        units.setdefault(rating.subject, {})[rating.rater] = rating.verdict
    raters = sorted({rater for unit in units.values() for rater in unit})
    shared = [unit for unit in units.values() if len(unit) > 1]
    two = len(raters) == 2
    verdicts = [list(unit.values()) for unit in shared]
    return Agreement(
        raters=len(raters),
        subjects=len(units),
        shared=len(shared),
        observed=_observed(shared),
        statistic="kappa" if two else "alpha",
        value=_kappa_of(shared, raters, levels) if two else krippendorff_alpha(verdicts, levels),
    )


def cohen_kappa(first: Sequence[str], second: Sequence[str], levels: Sequence[str] = ()) -> float | None:
    """Cohen's kappa (1960) of two raters' verdicts on the same subjects, in the same order.

    Args:
        first: Of one rater.
        second: Of the other.
        levels: Where given, disagreement grows with the distance between levels (linear weights, Cohen 1968).

    Returns:
        None where there is no subject or both gave one and the same verdict throughout.

    Raises:
        ValueError: The lengths differ, or a verdict is none of the levels.
    """
    names = _names([*first, *second], levels)
    table = np.zeros((len(names), len(names)))
    for one, other in zip(first, second, strict=True):
        table[names.index(one), names.index(other)] += 1
    weights = _distances(len(names)) if levels else 1.0 - np.eye(len(names))
    total = table.sum()
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(total, 1.0)
    chance = float((weights * expected).sum())
    return None if chance == 0 else 1.0 - float((weights * table).sum()) / chance


def krippendorff_alpha(units: Sequence[Sequence[str]], levels: Sequence[str] = ()) -> float | None:
    """Krippendorff's alpha (2011) of any number of raters, of whom each may have left out subjects.

    Args:
        units: The verdicts on each subject; those with fewer than two are passed over.
        levels: Verdicts from worst to best for the ordinal difference; nominal where empty.

    Returns:
        None where no subject has two verdicts, or all verdicts are the same.

    Raises:
        ValueError: A verdict is none of the levels.
    """
    pairable = [unit for unit in units if len(unit) > 1]
    names = _names([verdict for unit in pairable for verdict in unit], levels)
    coincidences = np.zeros((len(names), len(names)))
    for unit in pairable:
        counts = np.array([unit.count(name) for name in names], dtype=np.float64)
        coincidences += (np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1)
    totals = coincidences.sum(axis=1)
    distance = _ordinal(totals) if levels else 1.0 - np.eye(len(names))
    expected = float((distance * np.outer(totals, totals)).sum()) / max(totals.sum() - 1.0, 1.0)
    return None if expected == 0 else 1.0 - float((distance * coincidences).sum()) / expected


def _names(verdicts: Sequence[str], levels: Sequence[str]) -> list[str]:
    """Levels in their order; without any, the verdicts that occur."""
    unknown = set(verdicts) - set(levels)
    if levels and unknown:
        raise ValueError(f"The verdict {sorted(unknown)[0]!r} is none of the levels {', '.join(levels)}.")
    return list(levels) or sorted(unknown)


def _distances(n_levels: int) -> Floats:
    places = np.arange(n_levels, dtype=np.float64)
    return np.abs(places[:, None] - places[None, :])


def _ordinal(totals: Floats) -> Floats:
    """Squared ordinal difference of two levels: how many verdicts lie between them, half of their own counted."""
    ends = np.cumsum(totals)
    middles = ends - totals / 2
    squared: Floats = (middles[:, None] - middles[None, :]) ** 2
    return squared


def _observed(shared: Sequence[Mapping[str, str]]) -> float | None:
    shares = []
    for unit in shared:
        equal = sum(n * (n - 1) for n in Counter(unit.values()).values())
        shares.append(equal / (len(unit) * (len(unit) - 1)))
    return float(np.mean(shares)) if shares else None


def _kappa_of(shared: Sequence[Mapping[str, str]], raters: Sequence[str], levels: Sequence[str]) -> float | None:
    one, other = ([unit[rater] for unit in shared] for rater in raters)
    return cohen_kappa(one, other, levels)
