"""Two arms side by side: means of users, or ratios of sums, with what the time before explains taken out.

A ratio of sums (CTR: clicks over showings) is a mean by the delta method: with R = sum(top) / sum(bottom), user u
stands for R + (top_u - R bottom_u) / mean(bottom). Users are the unit, however many showings each has.

CUPED (Deng, Xu, Kohavi and Walker 2013): a user's value loses theta times what the user did before, theta being the
slope within arms. It is the randomised-experiment case of arXiv 2103.06476, section 3, with one linear model.
"""

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """The users of one arm.

    Attributes:
        top: What a mean is of, or the upper side of a ratio, (U,).
        bottom: The lower side of a ratio; None for a mean.
        before: `top` in the time before the first exposure; None without CUPED.
        bottom_before: `bottom` in the time before.
    """

    top: Values
    bottom: Values | None = None
    before: Values | None = None
    bottom_before: Values | None = None

    def __len__(self) -> int:
        return len(self.top)

    def first(self, n: int) -> "Sample":
        """The first n users."""
        parts = (self.top, self.bottom, self.before, self.bottom_before)
        return Sample(*(None if part is None else part[:n] for part in parts))  # type: ignore[arg-type]  # top is there


@dataclass(frozen=True)
class Contrast:
    """A linear combination of two levels, and its standard error."""

    value: float
    error: float

    @property
    def z(self) -> float:
        """Standard errors away from zero; 0 where nothing varies."""
        return self.value / self.error if self.error > 0 else 0.0


@dataclass(frozen=True)
class Levels:
    """Estimated levels of two arms.

    Attributes:
        n: Users of both.
        treatment: Its level.
        control: Its level.
        var_treatment: Squared standard error.
        var_control: Squared standard error.
        covariance: Of the two; not 0 where what came before is taken out, since both arms tell what is usual.
        skewness: Of the difference, if the arms are alike: 0 for arms of one size, however skewed users are.
    """

    n: int
    treatment: float
    control: float
    var_treatment: float
    var_control: float
    covariance: float = 0.0
    skewness: float = 0.0

    def contrast(self, scale: float = 1.0) -> Contrast:
        """The treatment's level - scale times that of the control."""
        variance = self.var_treatment + scale**2 * self.var_control - 2.0 * scale * self.covariance
        return Contrast(self.treatment - scale * self.control, sqrt(max(0.0, variance)))

    def relative(self, multiple: float) -> tuple[float, float]:
        """Ends of the interval of treatment / control - 1 (Fieller 1954): the scales whose contrast may be zero.

        Infinite where the control's level may be zero itself.

        Args:
            multiple: Half the width of an interval, in standard errors.
        """
        wide = multiple**2
        square = self.control**2 - wide * self.var_control
        middle = self.treatment * self.control - wide * self.covariance
        rest = self.treatment**2 - wide * self.var_treatment
        if not (square > 0.0 and self.control > 0.0 and np.isfinite(wide)):
            return -inf, inf
        spread = sqrt(max(0.0, middle**2 - square * rest))
        return (middle - spread) / square - 1.0, (middle + spread) / square - 1.0


def levels(control: Sample, treatment: Sample) -> Levels:
    """Levels of two arms of at least two users each."""
    y1, y0 = _values(treatment), _values(control)
    n1, n0 = len(y1), len(y0)
    x = _explaining(control, treatment)
    if x is None:
        return Levels(n1 + n0, float(y1.mean()), float(y0.mean()), _error2(y1), _error2(y0), skewness=_skewness(y1, y0))
    x0, x1 = x
    theta = _slope(y0, x0, y1, x1)
    w1 = n1 / (n1 + n0)
    w0 = 1.0 - w1
    gap = theta * (x1.mean() - x0.mean())
    # Each level is a mean over the users of both arms: its own values and, through what is usual, the other's past.
    own1, other1 = y1 - theta * w0 * x1, theta * w0 * x0
    own0, other0 = y0 - theta * w1 * x0, theta * w1 * x1
    return Levels(
        n1 + n0,
        float(y1.mean() - w0 * gap),
        float(y0.mean() + w1 * gap),
        _error2(own1) + _error2(other1),
        _error2(own0) + _error2(other0),
        _covariance(own1, other0) / n1 + _covariance(own0, other1) / n0,
        _skewness(y1 - theta * x1, y0 - theta * x0),
    )


def _values(sample: Sample) -> Values:
    """What each user stands for."""
    return sample.top if sample.bottom is None else _linear(sample.top, sample.bottom, sample.top, sample.bottom)


def _linear(top: Values, bottom: Values, all_top: Values, all_bottom: Values) -> Values:
    shown = all_bottom.mean()
    if not shown > 0:
        return np.zeros_like(top)
    ratio = all_top.mean() / shown
    linear: Values = ratio + (top - ratio * bottom) / shown
    return linear


def _explaining(control: Sample, treatment: Sample) -> tuple[Values, Values] | None:
    """The past of both arms, in the same terms."""
    if control.before is None or treatment.before is None:
        return None
    if control.bottom_before is None or treatment.bottom_before is None:
        return control.before, treatment.before
    top = np.concatenate([control.before, treatment.before])
    bottom = np.concatenate([control.bottom_before, treatment.bottom_before])
    return (
        _linear(control.before, control.bottom_before, top, bottom),
        _linear(treatment.before, treatment.bottom_before, top, bottom),
    )


def _slope(y0: Values, x0: Values, y1: Values, x1: Values) -> float:
    """Of values on the past, within arms; 0 where the past does not vary."""
    n0, n1 = len(y0) - 1, len(y1) - 1
    variance = n0 * x0.var(ddof=1) + n1 * x1.var(ddof=1)
    return float((n0 * _covariance(y0, x0) + n1 * _covariance(y1, x1)) / variance) if variance > 0 else 0.0


def _covariance(a: Values, b: Values) -> float:
    return float(((a - a.mean()) * (b - b.mean())).sum() / (len(a) - 1))


def _error2(values: Values) -> float:
    """Squared standard error of the mean."""
    return float(values.var(ddof=1) / len(values))


def _skewness(a: Values, b: Values) -> float:
    """Of mean(a) - mean(b), with the moments of both together."""
    second = third = 0.0
    for values in (a, b):
        centred = values - values.mean()
        squares = centred * centred
        second += float(squares.sum())
        third += float((squares * centred).sum())
    n, spread = len(a) + len(b), second * (1 / len(a) + 1 / len(b))
    if not spread > 0:
        return 0.0
    return third / n * (1 / len(a) ** 2 - 1 / len(b) ** 2) / sqrt(spread / n) ** 3
