"""Whether a new adapter may take the place of what is in use: a paired bootstrap over held-out users."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from intentrec.evaluation.significance import compare, resampled_means
from intentrec.settings import Section

ByUser = Mapping[str, float]
"""A figure of one model for each held-out user, from 0 to 1."""

Figures = Mapping[str, ByUser]
"""The figures of one model by their names, e.g. "pass rate" and "HR@30"."""

_ROUNDING = 1e-6  # what resampled means are exact to


class GateConfig(Section):
    """When a new adapter is published."""

    margin: float = Field(default=0.02, ge=0, le=1)
    """How much worse a figure may be with confidence: the lower bound of the difference is at least minus this."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Of the two-sided interval whose lower bound decides."""
    samples: int = Field(default=2_000, ge=100, le=1_000_000)
    """Draws of users."""
    seed: int = Field(default=0, ge=0)
    """Of the draws."""
    least_users: int = Field(default=20, ge=2, le=1_000_000)
    """Held-out users that a figure needs; with fewer nothing is published."""
    against: Literal["in-use", "writing"] = "in-use"
    """What an adapter is held against where none is in use yet: what the stage does without one, or the same model
    writing freely by the prompt with examples."""


@dataclass(frozen=True)
class Compared:
    """One figure of the new adapter beside that of what is in use.

    Attributes:
        users: Held-out users.
        low: Lower bound of the difference new - old.
        holds: Whether it is not worse by more than the margin with confidence.
    """

    figure: str
    users: int
    new: float
    old: float
    difference: float
    low: float
    high: float
    holds: bool

    def sentence(self) -> str:
        """The figures in words."""
        return (
            f"{self.figure} {self.new:.3f} against {self.old:.3f}: difference {self.difference:+.3f} "
            f"[{self.low:+.3f}, {self.high:+.3f}] over {self.users:,} users"
        )


@dataclass(frozen=True)
class Decision:
    """Whether an adapter is published, and why not.

    Attributes:
        refusals: One sentence for each figure that does not hold; empty where it is accepted.
    """

    accepted: bool
    compared: tuple[Compared, ...]
    refusals: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def decide(new: Figures, old: Figures, config: GateConfig) -> Decision:
    """Accept a new adapter where no figure is worse with confidence.

    Every figure must hold on its own, so nothing has to be corrected for there being several.

    Args:
        new: Of the new adapter.
        old: The same figures of what is in use, of the same users.
        config: Margin, confidence, and how many users there must be.

    Raises:
        ValueError: The figures are not of the same names or users; there is no figure.
    """
    if not new or new.keys() != old.keys():
        raise ValueError(f"Figures {sorted(new)} cannot be held against {sorted(old)}: the same are needed of both.")
    compared = tuple(_compared(name, new[name], old[name], config) for name in new)
    refusals = tuple(_refusal(one, config) for one in compared if not one.holds)
    return Decision(not refusals, compared, refusals)


def _compared(figure: str, new: ByUser, old: ByUser, config: GateConfig) -> Compared:
    if new.keys() != old.keys():
        raise ValueError(f"{figure} is of {len(new):,} users of one model and of other {len(old):,} of the other.")
    users = sorted(new)
    if not users:
        return Compared(figure, 0, 0.0, 0.0, 0.0, -1.0, 1.0, holds=False)
    values = np.array([[new[user], old[user]] for user in users], dtype=np.float64)
    found = compare(values[:, 0], values[:, 1], *_means(values, config), config.confidence)
    mine, theirs = values.mean(axis=0).tolist()
    holds = len(users) >= config.least_users and found.low >= -config.margin - _ROUNDING
    return Compared(figure, len(users), mine, theirs, found.difference, found.low, found.high, holds)


def _means(values: NDArray[np.float64], config: GateConfig) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    means = resampled_means(values, config.samples, np.random.default_rng(config.seed))
    return means[:, 0], means[:, 1]


def _refusal(one: Compared, config: GateConfig) -> str:
    if one.users < config.least_users:
        return f"{one.figure} was measured on {one.users:,} held-out users; gate.least_users is {config.least_users:,}."
    return (
        f"{one.sentence()}. With {config.confidence:.0%} confidence it may be worse by {-one.low:.3f}, more than "
        f"gate.margin {config.margin:g}."
    )
