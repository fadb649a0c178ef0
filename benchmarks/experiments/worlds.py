"""Made experiments whose truth is known. Users arrive evenly over 28 days, and somebody looks at every midnight."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.serving.experiments.definition import Experiment, Guardrail, Metric
from intentrec.serving.experiments.looks import Compared, Panel, compare, look_times

DAYS = 28
START = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = look_times(START, START + timedelta(days=DAYS + 1))
Values = NDArray[np.float64]
Columns = dict[str, Values]
Draw = Callable[[np.random.Generator, int, float], Columns]
"""Columns of n users; the last argument multiplies the mean, of a ratio the rate."""


def bought(rng: np.random.Generator, n: int, lift: float) -> Columns:
    """One user in ten buys."""
    return {"purchases": (rng.random(n) < 0.1 * lift).astype(float)}


def views(rng: np.random.Generator, n: int, lift: float) -> Columns:
    """Negative binomial, mean 6, variance 30."""
    return {"views": rng.poisson(rng.gamma(1.5, 4.0 * lift, n)).astype(float)}


def spent(rng: np.random.Generator, n: int, lift: float) -> Columns:
    """One user in twenty spends, log-normal with a sigma of 1.5."""
    return {"spent": (rng.random(n) < 0.05) * rng.lognormal(3.0, 1.5, n) * lift}


def clicks(rng: np.random.Generator, n: int, lift: float) -> Columns:
    """Showings of mean 30, variance 480; each user clicks at a rate of her own, 12 % on average."""
    showings = rng.poisson(rng.gamma(2.0, 15.0, n))
    rate = np.minimum(1.0, rng.beta(2.0, 14.67, n) * lift)
    return {"showings": showings.astype(float), "clicks": rng.binomial(showings, rate).astype(float)}


def with_past(rng: np.random.Generator, n: int, lift: float) -> Columns:
    """Views at a pace of the user's own, of which the four weeks before say much."""
    pace = rng.gamma(1.5, 4.0, n)
    past = rng.poisson(4.0 * pace).astype(float)
    return {"views": rng.poisson(pace * lift).astype(float), "before_views": past}


KINDS: dict[str, tuple[Metric, Draw]] = {
    "binary (TC)": ("TC", bought),
    "counts (IPV)": ("IPV", views),
    "heavy tail (GMV)": ("GMV", spent),
    "ratio (CTR)": ("CTR", clicks),
    "counts with CUPED": ("IPV", with_past),
}


@dataclass(frozen=True)
class World:
    """Two arms of a half each.

    Attributes:
        users: Of both arms, over all days.
        lift: Factor on the second arm.
        planned: Users that the intervals are made for; as many as there are by default.
        share: True share of the first arm.
    """

    metric: Metric
    draw: Draw
    users: int = 10_000
    lift: float = 1.0
    planned: int | None = None
    share: float = 0.5
    guardrails: tuple[Guardrail, ...] = ()

    @property
    def experiment(self) -> Experiment:
        """What the settings file would say."""
        halves = {"a": {"share": 0.5}, "b": {"share": 0.5}}
        given = {"salt": "s", "arms": halves, "window_days": 1.0, "planned_users": self.planned or self.users}
        return Experiment.model_validate(given | {"primary": self.metric, "guardrails": self.guardrails})

    def arms(self, rng: np.random.Generator) -> pl.DataFrame:
        """Who came when, and into which arm."""
        arms = np.where(rng.random(self.users) < self.share, "a", "b")
        micros = np.sort(rng.integers(0, DAYS * 86_400_000_000, self.users))
        since = pl.lit(START) + pl.Series(micros).cast(pl.Duration("us"))
        return pl.DataFrame({"arm": arms}).with_columns(since=since)

    def frame(self, rng: np.random.Generator) -> pl.DataFrame:
        """Users as `outcomes.panel` would give them."""
        users = self.arms(rng)
        first = (users["arm"] == "a").to_numpy()
        n = int(first.sum())
        control, treatment = self.draw(rng, n, 1.0), self.draw(rng, self.users - n, self.lift)
        columns = {name: np.empty(self.users) for name in control}
        for name, values in columns.items():
            values[first], values[~first] = control[name], treatment[name]
        return users.with_columns(**{name: pl.Series(values) for name, values in columns.items()})

    def compared(self, frame: pl.DataFrame) -> Compared:
        """Every look at one drawn experiment."""
        return compare(Panel(frame, self.experiment, timedelta()), self.metric, "b", TIMES)
