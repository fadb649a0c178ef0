"""Whether corrected intervals hold the truth as often as they say, in simulation."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from intentrec.judge.rates import JudgeErrors, Passed, Rate, corrected, uncorrected

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class World:
    """A true share of good outputs, a judge that errs, and how many outputs were judged and labelled."""

    share: float
    specificity: float
    sensitivity: float
    judged: int
    labelled_bad: int
    labelled_good: int


WORLDS = (
    World(0.8, 0.7, 0.9, 200, 50, 50),
    World(0.8, 0.7, 0.9, 1000, 100, 100),
    World(0.5, 0.8, 0.8, 300, 30, 30),
    World(0.95, 0.6, 0.95, 200, 20, 80),
    World(0.1, 0.9, 0.7, 300, 60, 30),
    World(0.99, 0.8, 0.97, 150, 15, 60),
    World(0.8, 0.98, 0.98, 100, 12, 12),
    World(0.7, 0.4, 0.75, 400, 40, 40),
)


def intervals(runs: int) -> str:
    """Markdown: a row a world."""
    lines = [
        "| true share | specificity | sensitivity | judged | labelled bad, good | corrected holds the truth "
        "| its width | uncorrected holds it | not corrected |",
        "|---" * 9 + "|",
    ]
    for world in WORLDS:
        drawn = list(_drawn(world, runs))
        rates = [rate for rate, _ in drawn if rate is not None]
        held, plain = _holding(rates, world), _holding([rate for _, rate in drawn], world)
        width = float(np.mean([rate.high - rate.low for rate in rates]))
        lines.append(
            f"| {world.share} | {world.specificity} | {world.sensitivity} | {world.judged} | {world.labelled_bad}, "
            f"{world.labelled_good} | {held:.3f} | {width:.3f} | {plain:.3f} | {runs - len(rates)} of {runs} |"
        )
    return "\n".join(lines)


def _drawn(world: World, runs: int) -> Iterator[tuple[Rate | None, Rate]]:
    rng = np.random.default_rng(0)
    passing = world.share * world.sensitivity + (1.0 - world.share) * (1.0 - world.specificity)
    for _ in range(runs):
        passed = Passed(float(rng.binomial(world.judged, passing)) / world.judged, world.judged, float(world.judged))
        good = int(rng.binomial(world.labelled_good, world.sensitivity))
        bad = int(rng.binomial(world.labelled_bad, world.specificity))
        errors = JudgeErrors(world.labelled_good, good, world.labelled_bad, bad)
        yield corrected(passed, errors, _CONFIDENCE), uncorrected(passed, _CONFIDENCE)


def _holding(rates: list[Rate], world: World) -> float:
    return float(np.mean([rate.low <= world.share <= rate.high for rate in rates]))
