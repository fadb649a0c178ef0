"""One arm against the control, as it looked at the end of every day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.serving.experiments.definition import Experiment, Metric
from intentrec.serving.experiments.estimates import Levels, Sample, levels
from intentrec.serving.experiments.metrics import BEFORE, MEASURES
from intentrec.serving.experiments.sequential import multiple, one_sided, p_value, tuned_rho2

SKEWED = 0.3
"""Most skewness that a difference may have to be judged. A small arm of a heavy-tailed metric raises false alarms: its
variance is guessed from few users. `python -m benchmarks.experiments` shows how many, and that this stops them."""
_MOST = 366


@dataclass(frozen=True)
class Look:
    """What one look at one metric says.

    Attributes:
        n_control: Users of the control who count by then.
        n_treatment: Users of the arm who count by then.
        control: The control's level; with CUPED, what it would be if the arms had had the same past.
        treatment: The arm's level.
        difference: Of the arm from the control.
        error: Its standard error, right for one look alone.
        low: Lower end of the difference's confidence sequence.
        high: Upper end.
        relative: Difference as a share of the control's level; NaN where that is 0.
        relative_low: Lower end of its confidence sequence.
        relative_high: Upper end.
        worst: Lower bound of the relative difference on one side, for guardrails.
        best: Upper bound on one side.
        p: Always-valid p-value of no difference, the least up to this look.
        judged: Whether there are intervals: not where nothing varies, nor where the difference is too skewed.
    """

    at: datetime
    n_control: int
    n_treatment: int
    control: float
    treatment: float
    difference: float
    error: float
    low: float
    high: float
    relative: float
    relative_low: float
    relative_high: float
    worst: float
    best: float
    p: float
    judged: bool


class Panel:
    """Users of one experiment in the order of their first exposure.

    Args:
        frame: As `outcomes.panel` makes it.
        late: How long after its window a user counts.
    """

    def __init__(self, frame: pl.DataFrame, experiment: Experiment, late: timedelta) -> None:
        self.experiment = experiment
        self.delay = timedelta(days=experiment.window_days) + late
        whole = frame
        if experiment.end is not None:
            whole = frame.filter(pl.col("since") <= experiment.end - timedelta(days=experiment.window_days))
        self.arms = {arm: whole.filter(pl.col("arm") == arm) for arm in experiment.arms}
        self._since = {arm: _microseconds(rows) for arm, rows in self.arms.items()}

    def counted(self, arm: str, at: datetime) -> int:
        """How many users of an arm count at a time."""
        until = (at - self.delay).astimezone(UTC)
        return int(np.searchsorted(self._since[arm], _epoch(until), side="right"))

    def sample(self, arm: str, metric: Metric) -> Sample:
        """All users of an arm who may ever count."""
        measure, rows = MEASURES[metric], self.arms[arm]
        names = (measure.top, measure.bottom, BEFORE + measure.top, BEFORE + (measure.bottom or ""))
        parts = (rows[name].to_numpy() if name in rows.columns else None for name in names)
        return Sample(*parts)  # type: ignore[arg-type]  # the upper side is always there

    def recorded(self, metric: Metric) -> bool:
        """Whether there is anything to measure."""
        measure = MEASURES[metric]
        return any((rows[measure.bottom or measure.top] != 0).any() for rows in self.arms.values())


@dataclass(frozen=True)
class Compared:
    """One metric of one arm against the control."""

    metric: Metric
    arm: str
    looks: tuple[Look, ...]

    @cached_property
    def last(self) -> Look | None:
        """The newest look; None where an arm has had too few users."""
        return self.looks[-1] if self.looks else None


def compare(panel: Panel, metric: Metric, arm: str, times: Sequence[datetime]) -> Compared:
    """All looks at which both arms had enough users."""
    experiment = panel.experiment
    control, treatment = panel.sample(experiment.control, metric), panel.sample(arm, metric)
    alpha = experiment.alpha / len(experiment.treatments)
    rho2 = tuned_rho2(experiment.planned_users, alpha)
    looks: list[Look] = []
    for at in times:
        n0, n1 = panel.counted(experiment.control, at), panel.counted(arm, at)
        if min(n0, n1) < experiment.least_users:
            continue
        found = levels(control.first(n0), treatment.first(n1))
        p = looks[-1].p if looks else 1.0
        looks.append(_look(at, n0, n1, found, alpha, rho2, p))
    return Compared(metric, arm, tuple(looks))


def _look(at: datetime, n0: int, n1: int, found: Levels, alpha: float, rho2: float, p: float) -> Look:
    contrast = found.contrast()
    judged = contrast.error > 0 and abs(found.skewness) <= SKEWED
    wide = float(multiple(found.n, rho2, alpha)) if judged else np.inf
    half = wide * contrast.error if judged else np.inf
    relative_low, relative_high = found.relative(wide)
    worst, best = found.relative(float(one_sided(found.n, rho2, alpha)) if judged else np.inf)
    return Look(
        at, n0, n1, found.control, found.treatment,
        contrast.value, contrast.error, contrast.value - half, contrast.value + half,
        contrast.value / found.control if found.control else np.nan, relative_low, relative_high,
        worst, best, min(p, float(p_value(contrast.z, found.n, rho2))) if judged else p, judged,
    )  # fmt: skip


def look_times(since: datetime | None, until: datetime) -> list[datetime]:
    """Every UTC midnight after a time, and `until`; of more than a year, every second one, and so on."""
    if since is None or since >= until:
        return []
    first = datetime(since.year, since.month, since.day, tzinfo=UTC) + timedelta(days=1)
    days = max(0, (until - first) // timedelta(days=1) + 1)
    times = [first + timedelta(days=n) for n in range(0, days, -(-days // _MOST) or 1)]
    return times if times and times[-1] == until else [*times, until]


def _microseconds(rows: pl.DataFrame) -> NDArray[np.int64]:
    return rows["since"].dt.epoch("us").to_numpy()


def _epoch(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
