"""Systems as they are run: trained once or with several seeds, timed, weighed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import polars as pl

from intentrec.errors import ConfigError
from intentrec.evaluation.frames import COSTS_SCHEMA
from intentrec.evaluation.lists import Recommends, serving

_MEGABYTE = 1e6


@dataclass(frozen=True)
class Cost:
    """What a system costs beside its ranking, where it is known.

    Attributes:
        train_s: Seconds of training.
        mb: Megabytes (10^6 bytes) of what was learned.
    """

    train_s: float | None = None
    mb: float | None = None


@dataclass(frozen=True)
class Seeded:
    """One system trained with several seeds.

    Values of a user are averaged over the seeds before anything is tested, so that a lucky seed is no difference
    between systems; how far the seeds lie apart is reported beside it.

    Attributes:
        build: Seed -> the trained system; called once for each seed, and no two systems are held at once.
        seeds: Which.
    """

    build: Callable[[int], Recommends]
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.seeds:
            raise ConfigError("A system with several seeds needs at least one; give seeds such as (0, 1, 2).")

    @classmethod
    def of(cls, systems: Sequence[Recommends]) -> "Seeded":
        """From systems that are trained already, one a seed."""
        return cls(lambda seed: systems[seed], tuple(range(len(systems))))


@dataclass
class Watch:
    """What was measured of one run of a system.

    Attributes:
        train_s: Seconds of training; None where the system came trained.
        seconds: Spent on answers so far, decoding left out.
        asked: For how many users.
        mb: What was learned.
    """

    train_s: float | None = None
    seconds: float = 0.0
    asked: int = 0
    mb: float | None = None


@dataclass(frozen=True)
class Timed:
    """A system with a watch on its answers."""

    name: str
    system: Recommends
    watch: Watch

    def recommend(self, users: Sequence[str], k: int, *, filter_viewed: bool = True) -> pl.DataFrame:
        """The system's own answer."""
        start = perf_counter()
        rows = self.system.recommend(users, k, filter_viewed=filter_viewed)
        self.watch.seconds += perf_counter() - start
        self.watch.asked += len(users)
        return rows

    def with_histories(self, events: pl.DataFrame) -> "Timed":
        """The system for other histories, on the same watch."""
        start = perf_counter()
        other = serving(self.name, self.system, events)
        self.watch.seconds += perf_counter() - start
        return Timed(self.name, other, self.watch)


def runs_of(name: str, system: Recommends | Seeded) -> Iterator[Timed]:
    """Each run of a system, one at a time, with a watch of its own."""
    if not isinstance(system, Seeded):
        yield Timed(name, system, Watch(mb=size_mb(system)))
        return
    for seed in system.seeds:
        start = perf_counter()
        run = system.build(seed)
        yield Timed(name, run, Watch(train_s=perf_counter() - start, mb=size_mb(run)))


def costs_of(watches: Mapping[str, Sequence[Watch]], known: Mapping[str, Cost]) -> pl.DataFrame:
    """Means over runs, a frame of `COSTS_SCHEMA`; what the caller knows goes before what was measured."""
    rows = []
    for name, runs in watches.items():
        given = known.get(name, Cost())
        train_s = given.train_s if given.train_s is not None else _mean([run.train_s for run in runs])
        mb = given.mb if given.mb is not None else _mean([run.mb for run in runs])
        asked = sum(run.asked for run in runs)
        ms = 1e3 * sum(run.seconds for run in runs) / asked if asked else None
        rows.append({"system": name, "train_s": train_s, "ms_per_user": ms, "mb": mb})
    return pl.DataFrame(rows, schema=COSTS_SCHEMA)


def size_mb(system: Recommends) -> float | None:
    """Megabytes of what was learned, where the system can say: its optional method `size_bytes()`."""
    method: Callable[[], int | None] | None = getattr(system, "size_bytes", None)
    size = None if method is None else method()
    return None if size is None else size / _MEGABYTE


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
