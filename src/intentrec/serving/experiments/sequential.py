"""Intervals and p-values that stay right however often one looks: asymptotic confidence sequences.

Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence
sequences" (arXiv 2103.06476), Theorem 2.2: with an estimate whose standard error after n users is s, and rho > 0
chosen beforehand, the intervals

    estimate -+ s * sqrt(2 (r + 1) / r * log(sqrt(r + 1) / alpha)),   r = n rho^2

cover the truth at all n at once with a chance of at least 1 - alpha, as the first look moves out. It is the boundary of
a normal mixture (Robbins 1970), the one of the mixture SPRT, with the variance estimated. All functions take arrays.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]


def tuned_rho2(planned: float, alpha: float) -> float:
    """The rho^2 with which intervals are about as narrow as can be after `planned` users (their appendix on tuning)."""
    wide = -2.0 * np.log(alpha)
    return float((wide + np.log(wide + 1.0)) / planned)


def multiple(n: ArrayLike, rho2: float, alpha: float) -> Values:
    """Half the width of a two-sided interval, in standard errors; infinite before the first user."""
    r = np.asarray(n, dtype=np.float64) * rho2
    with np.errstate(divide="ignore"):
        wide: Values = np.sqrt(2.0 * (r + 1.0) / r * (0.5 * np.log1p(r) - np.log(alpha)))
    return wide


def one_sided(n: ArrayLike, rho2: float, alpha: float) -> Values:
    """Distance of a bound on one side, in standard errors: wrong at any n with a chance of at most alpha.

    The mixture is half a normal: 2 (1 + r)^(-1/2) e^u Phi(sqrt(2u)) with u = z^2 r / (2 (1 + r)). Since
    Phi(sqrt(2u)) >= 1 - e^(-u) / 2, it has passed 1 / alpha once e^u = (1 + sqrt(1 + r) / alpha) / 2.
    """
    r = np.asarray(n, dtype=np.float64) * rho2
    with np.errstate(divide="ignore"):
        wide: Values = np.sqrt(2.0 * (r + 1.0) / r * np.log(0.5 * (1.0 + np.sqrt(1.0 + r) / alpha)))
    return wide


def p_value(z: ArrayLike, n: ArrayLike, rho2: float) -> Values:
    """The least alpha whose two-sided interval leaves out zero, 1 at most.

    Args:
        z: Estimates over their standard errors.
        n: Users behind each.
        rho2: As for the intervals.

    Returns:
        Valid at any n; the least over several looks is valid, too.
    """
    r = np.asarray(n, dtype=np.float64) * rho2
    z = np.asarray(z, dtype=np.float64)
    log_p = 0.5 * np.log1p(r) - z**2 * r / (2.0 * (r + 1.0))
    return np.exp(np.minimum(0.0, log_p))
