"""Whether the arms have the sizes they should have: sample-ratio mismatch.

The sequential test is exact: Lindon and Malek, "Anytime-Valid Inference for Multinomial Count Data" (arXiv 2011.03567),
section 2: the Bayes factor of a Dirichlet mixture against the shares is a martingale while the shares are right, so
that it passes 1 / p with a chance of at most p, ever.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

Values = NDArray[np.float64]

ALARM = 0.001
_WEIGHT = 1000.0
"""Of the mixture around the shares, in users: with halves its spread is 1.6 points, the size that bugs have."""


def log_bayes_factor(counts: ArrayLike, shares: Sequence[float], weight: float = _WEIGHT) -> Values:
    """Log of the evidence against the shares.

    Args:
        counts: Users of each arm, (..., A).
        shares: What they should be, adding up to 1.
        weight: How close to the shares mismatches are expected, in users.
    """
    seen = np.asarray(counts, dtype=np.float64)
    expected = np.asarray(shares, dtype=np.float64)
    prior = weight * expected
    mixture = special.gammaln(prior + seen) - special.gammaln(prior)
    total = special.gammaln(weight) - special.gammaln(weight + seen.sum(axis=-1))
    found: Values = mixture.sum(axis=-1) + total - (seen * np.log(expected)).sum(axis=-1)
    return found


def sequential_p(counts: ArrayLike, shares: Sequence[float]) -> Values:
    """The p after each look at the running counts, (looks, A) -> (looks,): the least so far, valid at any look."""
    evidence = np.maximum.accumulate(log_bayes_factor(counts, shares))
    return np.exp(np.minimum(0.0, -evidence))


def chi_square_p(counts: ArrayLike, shares: Sequence[float]) -> float:
    """Pearson's p of one look; right only where that look was planned. 1 where there is nobody."""
    seen = np.asarray(counts, dtype=np.float64)
    if not seen.sum():
        return 1.0
    return float(stats.chisquare(seen, seen.sum() * np.asarray(shares)).pvalue)
