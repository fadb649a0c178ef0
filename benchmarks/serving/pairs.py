"""Our server and a bare one in turns, and what a request costs each of them."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from benchmarks.serving.served import Served
from benchmarks.serving.wrk import Load, Measured, load


@dataclass(frozen=True)
class Round:
    """One stretch of load on one server.

    Attributes:
        cpu: Processor seconds of all processes of the server.
    """

    measured: Measured
    cpu: float

    @property
    def per_cpu_second(self) -> float:
        """Requests that one processor second of the server answers."""
        return self.measured.requests / self.cpu


@dataclass(frozen=True)
class Pair:
    """Both servers, one right after the other."""

    ours: Round
    bare: Round

    @property
    def ratio(self) -> float:
        """Ours over the bare one's, by requests a processor second."""
        return self.ours.per_cpu_second / self.bare.per_cpu_second


def rounded(served: Served, wanted: Load, seed: int) -> Round:
    """Load on one server, measured from both sides.

    Raises:
        RuntimeError: Something was not answered, or not with success: then the figures mean nothing.
    """
    before = served.cpu_seconds()
    measured = load(served.url, wanted, seed)
    cpu = served.cpu_seconds() - before
    if measured.failed or measured.refused or not measured.requests:
        raise RuntimeError(
            f"Of {measured.requests} requests for {wanted.path} {measured.failed} were not answered and "
            f"{measured.refused} were refused; see {served.log}."
        )
    return Round(measured, cpu)


def in_turns(ours: Callable[[int], Round], bare: Callable[[int], Round], n: int) -> list[Pair]:
    """Pairs; who begins changes from pair to pair. Each is told a seed."""
    made = []
    for seed in range(n):
        first, second = (ours, bare) if seed % 2 == 0 else (bare, ours)
        one, other = first(seed), second(seed)
        made.append(Pair(one, other) if seed % 2 == 0 else Pair(other, one))
    return made


def median_ratio(pairs: list[Pair]) -> float:
    """By requests a processor second."""
    return median(pair.ratio for pair in pairs)
