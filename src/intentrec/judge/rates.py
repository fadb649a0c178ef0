"""What share of outputs is good, from the verdicts of a judge that errs.

A judge of sensitivity q1 (share of the good that it passes) and specificity q0 (share of the bad that it fails) passes
a share p of all outputs; the share that is good is (p + q0 - 1) / (q0 + q1 - 1) (Rogan and Gladen 1978). All three are
estimated: p on the judged sample, q0 and q1 on outputs that people labelled. The interval counts the error of all of
them (Lang and Reiczigel 2014; arXiv 2511.21140 for language models as judges).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from scipy.stats import norm

_LEAST_YOUDEN = 0.05  # q0 + q1 - 1: a judge nearer to chance than this says nothing that could be corrected


@dataclass(frozen=True)
class Rate:
    """A share with its interval, each within 0 and 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class JudgeErrors:
    """How a judge did on outputs that people labelled.

    Attributes:
        good: How many people passed.
        good_passed: Those of them that the judge passed, too.
        bad: How many people failed.
        bad_failed: Those of them that the judge failed, too.
    """

    good: int
    good_passed: int
    bad: int
    bad_failed: int

    @property
    def sensitivity(self) -> float | None:
        """Share of the good that the judge passes."""
        return self.good_passed / self.good if self.good else None

    @property
    def specificity(self) -> float | None:
        """Share of the bad that the judge fails."""
        return self.bad_failed / self.bad if self.bad else None


@dataclass(frozen=True)
class Passed:
    """The pass rate of a judged sample, each writer weighed by what it wrote.

    Attributes:
        share: Of all outputs that the sample stands for.
        n: How many were judged.
        n_effective: How many drawn from all outputs alike would say as much (Kish); at most `n`.
    """

    share: float
    n: int
    n_effective: float


def passed_of(judged: Mapping[str, tuple[int, int]], sizes: Mapping[str, int]) -> Passed:
    """The pass rate over all writers.

    Args:
        judged: For each writer how many of its outputs passed, and how many were judged.
        sizes: How many outputs each writer has in all.
    """
    drawn = {writer: (passed, n) for writer, (passed, n) in judged.items() if n}
    total = sum(sizes[writer] for writer in drawn)
    weights = {writer: sizes[writer] / total for writer in drawn}
    share = sum(weights[writer] * passed / n for writer, (passed, n) in drawn.items())
    n_effective = 1.0 / sum(weights[writer] ** 2 / n for writer, (_, n) in drawn.items())
    return Passed(_clipped(share), sum(n for _, n in drawn.values()), n_effective)


def uncorrected(passed: Passed, confidence: float) -> Rate:
    """The judge's pass rate as it is, with Wilson's interval: the error of sampling alone."""
    z = _z(confidence)
    n, p = passed.n_effective, passed.share
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return Rate(p, max(0.0, middle - half), min(1.0, middle + half))


def corrected(passed: Passed, errors: JudgeErrors, confidence: float) -> Rate | None:
    """The share that people would pass, with an interval that counts the error of the labels, too.

    Returns:
        None where the labels lack a kind, or the judge does no better on them than chance.
    """
    q1, q0 = errors.sensitivity, errors.specificity
    if q1 is None or q0 is None or q0 + q1 - 1.0 < _LEAST_YOUDEN:
        return None
    value = (passed.share + q0 - 1.0) / (q0 + q1 - 1.0)
    low, high = _interval(passed, errors, _z(confidence))
    return Rate(_clipped(value), _clipped(low), _clipped(high))


def _interval(passed: Passed, errors: JudgeErrors, z: float) -> tuple[float, float]:
    """Ends of the interval, not yet cut to 0 and 1; one success and one failure are added to each kind of label."""
    n, m0, m1 = passed.n_effective + z * z, errors.bad + 2, errors.good + 2
    p = (passed.n_effective * passed.share + z * z / 2) / n
    q0, q1 = (errors.bad_failed + 1) / m0, (errors.good_passed + 1) / m1
    youden = max(q0 + q1 - 1.0, _LEAST_YOUDEN)
    share = _clipped((p + q0 - 1.0) / youden)
    of_bad, of_good = q0 * (1.0 - q0) / m0, q1 * (1.0 - q1) / m1
    shift = 2.0 * z * z * (share * of_good - (1.0 - share) * of_bad)
    spread = z * sqrt(p * (1.0 - p) / n + (1.0 - share) ** 2 * of_bad + share**2 * of_good) / youden
    return share + shift - spread, share + shift + spread


def _clipped(value: float) -> float:
    return min(1.0, max(0.0, value))


def _z(confidence: float) -> float:
    return float(norm.ppf(0.5 + confidence / 2.0))
