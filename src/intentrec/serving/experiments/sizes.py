"""How many users each arm has had, day by day, and whether that fits the shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from intentrec.serving.experiments.definition import Experiment
from intentrec.serving.experiments.ratio import ALARM, chi_square_p, sequential_p


@dataclass(frozen=True)
class Sizes:
    """Exposed users of each arm at each look.

    Attributes:
        times: Of the looks.
        counts: Users by arm, one list each, as long as `times`.
        shares: What the arms should have.
        p: Sequential p of a sample-ratio mismatch after each look.
        chi_square: Pearson's p at the last look alone.
    """

    times: tuple[datetime, ...]
    counts: dict[str, tuple[int, ...]]
    shares: dict[str, float]
    p: tuple[float, ...]
    chi_square: float

    @property
    def last_p(self) -> float:
        """Sequential p now; 1 before the first user."""
        return self.p[-1] if self.p else 1.0

    @property
    def alarm(self) -> bool:
        """Whether the arms' sizes cannot be chance."""
        return self.last_p < ALARM

    @property
    def users(self) -> dict[str, int]:
        """Exposed users of each arm now."""
        return {arm: counts[-1] if counts else 0 for arm, counts in self.counts.items()}


def sizes(users: pl.DataFrame, experiment: Experiment, times: Sequence[datetime]) -> Sizes:
    """Count users by their first exposure.

    Args:
        users: arm and since.
        experiment: Says the shares.
        times: Of the looks.
    """
    shares = {name: arm.share for name, arm in experiment.arms.items()}
    looks = pl.Series(times, dtype=users.schema["since"]).dt.epoch("us").to_numpy()
    since = {arm: users.filter(pl.col("arm") == arm)["since"].dt.epoch("us").sort().to_numpy() for arm in shares}
    counts = np.stack([np.searchsorted(since[arm], looks, side="right") for arm in shares], axis=-1)
    p = sequential_p(counts, list(shares.values()))
    by_arm = {arm: tuple(counts[:, n].tolist()) for n, arm in enumerate(shares)}
    last = chi_square_p(counts[-1], list(shares.values())) if len(counts) else 1.0
    return Sizes(tuple(times), by_arm, shares, tuple(p.tolist()), last)
