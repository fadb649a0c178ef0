"""Intervals and paired tests: resampling users (Efron and Tibshirani 1993, chapter 16), signed ranks, Holm.

All systems and metrics are resampled together: one draw of users gives one mean of every column, so that the difference
of two columns of means is a paired bootstrap of their difference.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Values = NDArray[np.float64]

_COUNTS_AT_ONCE = 4_000_000
_ROUNDING = 1e-7


@dataclass(frozen=True)
class Comparison:
    """Mean over users of a - b, with its interval and two-sided p."""

    difference: float
    low: float
    high: float
    p: float


def resampled_means(values: NDArray[np.floating], samples: int, rng: np.random.Generator) -> Values:
    """Column means of `samples` draws of users with replacement, (samples, M), to about 7 digits of a column's spread.

    Args:
        values: One row a user, one column for each thing measured, (U, M).
        samples: How many draws.
        rng: Gives the draws.
    """
    n_users = len(values)
    if not n_users:
        return np.full((samples, values.shape[1]), np.nan)
    # The product of draws and values is most of a comparison's work: single precision halves it, and what is summed
    # are distances from the mean, so that nothing large has to cancel.
    centre = values.mean(axis=0, dtype=np.float64)
    centred = (values - centre).astype(np.float32)
    means = np.empty((samples, values.shape[1]))
    step = max(1, _COUNTS_AT_ONCE // n_users)
    for start in range(0, samples, step):
        counts = np.empty((min(step, samples - start), n_users), dtype=np.float32)
        for draw in counts:  # one at a time: it stays in the processor's cache
            draw[:] = np.bincount(rng.integers(0, n_users, size=n_users), minlength=n_users)
        means[start : start + len(counts)] = centre + counts @ centred / n_users
    return means


def interval(means: Values, confidence: float) -> tuple[Values, Values]:
    """Lower and upper percentile of each column of resampled means."""
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail], axis=0)
    return low, high


def compare(a: Values, b: Values, means_a: Values, means_b: Values, confidence: float) -> Comparison:
    """The paired bootstrap of a - b.

    Args:
        a: Per-user values of one system, (U,).
        b: The same users' values of the other.
        means_a: Resampled means of `a`, (samples,), from the same draws as `means_b`.
        means_b: Resampled means of `b`.
        confidence: Of the interval, e.g. 0.95.

    Returns:
        The p is twice the smaller tail beyond 0, each tail counted with one draw more so that it is never 0; 1 where
        no user differs. Draws within rounding of 0 count for both tails.
    """
    drawn = means_a - means_b
    low, high = interval(drawn[:, None], confidence)
    tie = _ROUNDING * max(float(np.abs(a).max(initial=0.0)), float(np.abs(b).max(initial=0.0)))
    below, above = int((drawn <= tie).sum()), int((drawn >= -tie).sum())
    p = min(1.0, 2.0 * (min(below, above) + 1) / (len(drawn) + 1))
    return Comparison(float(np.mean(a - b)), float(low[0]), float(high[0]), p)


def wilcoxon(differences: Values) -> Values:
    """Two-sided p of the signed-rank test (Wilcoxon 1945) of each column, (M,); 1 where no user differs.

    Users without a difference are left out, ties share their rank, and p is that of the normal limit: with the tens of
    users that are the least one should compare, it is close to the exact one.

    Args:
        differences: Of two systems, one row a user, (U, M).
    """
    p = np.ones(differences.shape[1])
    differ = (differences != 0).any(axis=0)
    if differ.any():
        p[differ] = np.asarray(stats.wilcoxon(differences[:, differ], axis=0, method="approx", keepdims=False).pvalue)
    return p


def holm(p: Values) -> Values:
    """p-values corrected for being tested together (Holm 1979), in the given order."""
    order = np.argsort(p, kind="stable")
    steps = p[order] * np.arange(len(p), 0, -1)
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return corrected
