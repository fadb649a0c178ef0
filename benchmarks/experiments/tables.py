"""The tables: what the intervals find in made experiments, beside what ordinary tests would say."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import process_time
from typing import Any

import numpy as np

from benchmarks.experiments.worlds import DAYS, KINDS, START, TIMES, Values, World
from intentrec.serving.experiments.config import ExperimentsConfig
from intentrec.serving.experiments.decision import Guarded
from intentrec.serving.experiments.definition import Guardrail
from intentrec.serving.experiments.exposures import ExposureLog
from intentrec.serving.experiments.ratio import ALARM, chi_square_p
from intentrec.serving.experiments.sequential import multiple, tuned_rho2
from intentrec.serving.experiments.served import Choice, LiveExperiments
from intentrec.serving.experiments.sizes import sizes

Row = dict[str, str | float]
_CRITICAL = 1.96
_ALPHA = 0.05


@dataclass(frozen=True)
class Found:
    """Of one drawn experiment.

    Attributes:
        day: Of the first look at which the interval leaves out zero; None for never.
        judged: Share of the looks that have an interval.
        unruled: Whether zero would have been left out if nothing were too skewed to be judged.
        any_t: Whether an ordinary test at some look finds a difference.
        last_t: Whether the one at the last look does.
    """

    day: int | None
    judged: float
    unruled: bool
    any_t: bool
    last_t: bool


def found(world: World, runs: int, seed: int) -> list[Found]:
    """What each of `runs` drawn experiments finds."""
    drawn = []
    for n in range(runs):
        frame = world.frame(np.random.default_rng([seed, n]))
        looks = world.compared(frame).looks
        z = np.array([abs(look.difference) / look.error for look in looks])
        days = [(look.at - START).days for look in looks if look.p <= _ALPHA]
        judged = float(np.mean([look.judged for look in looks]))
        users = [look.n_control + look.n_treatment for look in looks]
        unruled = bool((z > multiple(users, tuned_rho2(world.experiment.planned_users, _ALPHA), _ALPHA)).any())
        t = z > _CRITICAL
        drawn.append(Found(days[0] if days else None, judged, unruled, bool(t.any()), bool(t[-1])))
    return drawn


def share(said: Sequence[bool]) -> float:
    """Of the runs."""
    return float(np.mean(said))


def median(days: Sequence[int]) -> str:
    """Of the days at which something was found; "-" where nothing was."""
    return f"{np.median(days):.0f}" if days else "-"


def false_alarms(runs: int, seed: int) -> Iterator[Row]:
    """A/A: no difference, 10,000 users."""
    for kind, (metric, draw) in KINDS.items():
        drawn = found(World(metric, draw), runs, seed)
        yield {
            "metric": kind,
            "confidence sequence, daily looks": share([each.day is not None for each in drawn]),
            "t-test, daily looks": share([each.any_t for each in drawn]),
            "t-test, one look at the end": share([each.last_t for each in drawn]),
        }


def unequal(runs: int, seed: int) -> Iterator[Row]:
    """A/A with arms of 5 % and 95 %: values that are skewed are not judged before they can be."""
    for kind, (metric, draw) in list(KINDS.items())[:4]:
        drawn = found(World(metric, draw, users=20_000, share=0.95), runs, seed)
        yield {
            "metric": kind,
            "confidence sequence, daily looks": share([each.day is not None for each in drawn]),
            "looks that are judged": float(np.mean([each.judged for each in drawn])),
            "if all were judged": share([each.unruled for each in drawn]),
            "t-test, daily looks": share([each.any_t for each in drawn]),
            "t-test, one look at the end": share([each.last_t for each in drawn]),
        }


LIFTS = {"binary (TC)": 1.17, "counts (IPV)": 1.053, "ratio (CTR)": 1.05, "counts with CUPED": 1.053}
"""Which an ordinary test at the end finds about four times in five (without CUPED)."""


def lifts(runs: int, seed: int) -> Iterator[Row]:
    """Planted lifts."""
    for kind, lift in LIFTS.items():
        metric, draw = KINDS[kind]
        for users in (10_000, 20_000):
            drawn = found(World(metric, draw, users=users, lift=lift, planned=users), runs, seed)
            days = [each.day for each in drawn if each.day is not None]
            yield {
                "metric": kind,
                "lift": f"{lift - 1:+.1%}",
                "users": f"{users:,}",
                "t-test, one look at the end": share([each.last_t for each in drawn]),
                "confidence sequence": share([each.day is not None for each in drawn]),
                f"median day of {DAYS}": median(days),
            }


def mismatches(runs: int, seed: int) -> Iterator[Row]:
    """Sample ratios, 50 % wanted, 100,000 users."""
    world = World(*KINDS["binary (TC)"], users=100_000)
    for true in (0.5, 0.495, 0.49, 0.48, 0.45):
        alarms, pearson, days = [], [], []
        for n in range(runs):
            counted = sizes(replace(world, share=true).arms(np.random.default_rng([seed, n])), world.experiment, TIMES)
            pairs = np.array(list(counted.counts.values())).T
            alarms.append(counted.alarm)
            pearson.append(any(chi_square_p(pair, [0.5, 0.5]) < ALARM for pair in pairs))
            days += [next(day for day, p in enumerate(counted.p, 1) if p < ALARM)] if counted.alarm else []
        yield {
            "true share": f"{true:.1%}",
            "sequential test": share(alarms),
            "median day": median(days),
            "chi-square, daily looks": share(pearson),
        }


def guardrails(runs: int, seed: int) -> Iterator[Row]:
    """A guardrail on views with a margin of 5 %, 40,000 users."""
    metric, draw = KINDS["counts (IPV)"]
    rail = Guardrail(metric=metric, margin=0.05)
    for lift in (1.0, 0.98, 0.95, 0.9):
        world = World(metric, draw, users=40_000, lift=lift)
        held, broken, last = [], [], []
        for n in range(runs):
            compared = world.compared(world.frame(np.random.default_rng([seed, n])))
            states = [
                Guarded(rail, replace(compared, looks=compared.looks[: k + 1])).state
                for k in range(len(compared.looks))
            ]
            held.append("holds" in states)
            broken.append("breached" in states)
            last.append(states[-1] == "open")
        yield {
            "true change": f"{lift - 1:+.0%}",
            "said to hold, ever": share(held),
            "said to be breached, ever": share(broken),
            "open at the end": share(last),
        }


def running_totals(runs: int, seed: int) -> Iterator[Row]:
    """Why a user counts once, when the window is over: all users come on day 1, and totals go on growing."""
    for pace in ("all alike", "each at a pace of their own"):
        for looks in (28, 28 * 24, 364 * 24):
            alarms = []
            for n in range(runs):
                z = _growing(np.random.default_rng([seed, n]), looks, alike=pace == "all alike")
                wide = multiple(np.full(looks, 10_000), tuned_rho2(10_000, _ALPHA), _ALPHA)
                alarms.append(bool((np.abs(z) > wide).any()))
            yield {"users": pace, "looks": looks, "false alarms": share(alarms)}


def _growing(rng: np.random.Generator, looks: int, *, alike: bool) -> Values:
    """Standard scores of the difference of running totals at each look, 10,000 users of two arms, normal increments."""
    half = 5_000
    noise = rng.standard_normal((2, looks)) * np.sqrt(half)
    own = 0.0 if alike else rng.standard_normal((2, 1)) * np.sqrt(half)
    t = np.arange(1, looks + 1)
    totals = np.cumsum(noise, axis=1) + own * t * np.sqrt(1 / looks)
    variance = half * (t + (0.0 if alike else 1.0) * t**2 / looks)
    z: Values = (totals[1] - totals[0]) / np.sqrt(2 * variance)
    return z


def cost(runs: int, seed: int) -> Iterator[Row]:
    """Microseconds of processor time a request."""
    del seed
    halves = {"a": {"share": 0.5}, "b": {"share": 0.5}}
    one = {"arms": halves, "traffic": 0.5}
    for n in (1, 5):
        named = ExperimentsConfig.model_validate({f"e{k}": one for k in range(n)}).named
        log = ExposureLog(lambda rows: None)
        live = LiveExperiments(named, log)
        users = [f"user-{k}" for k in range(100 * runs)]
        choices, choosing = _timed(partial(live.choice, now=START), users)
        note = partial(_expose, live)
        chosen = list(zip(choices, users, strict=True))
        yield {
            "experiments": n,
            "choice": f"{choosing:.1f}",
            "first exposure of a day": f"{_timed(note, chosen)[1]:.1f}",
            "later exposures": f"{_timed(note, chosen)[1]:.1f}",
        }


def _expose(live: LiveExperiments, chosen: tuple[Choice, str]) -> None:
    choice, user = chosen
    live.expose(choice, user, START, "request", "r0001")


def _timed(call: Callable[[Any], Any], given: Sequence[Any]) -> tuple[list[Any], float]:
    start = process_time()
    found = [call(each) for each in given]
    return found, (process_time() - start) / len(given) * 1e6


TABLES = {
    "False alarms without a difference, 10,000 users": false_alarms,
    "False alarms without a difference, arms of 95 % and 5 %, 20,000 users": unequal,
    "Planted lifts": lifts,
    "Sample-ratio mismatch, p < 0.001, 100,000 users": mismatches,
    "A guardrail of 5 %, 40,000 users": guardrails,
    "Running totals with the number of users as the clock": running_totals,
    "Microseconds of processor time a request, half the users in each experiment": cost,
}
