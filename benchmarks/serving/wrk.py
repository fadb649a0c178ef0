"""Load by wrk: how often it asked, what failed, and a histogram of how long answers took."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import orjson
from numpy.typing import NDArray

SCRIPT = Path(__file__).with_name("wrk.lua")
_MARK = "\nWRK "


@dataclass(frozen=True)
class Load:
    """What is asked, how often, and by how many.

    Attributes:
        path: In which "{user}" stands for a user drawn at random.
        users: File with one id a line.
        connections: Open at once; each asks again when it has its answer.
        pause_ms: Mean of the random pause of a connection before it asks again; 0 asks as fast as it goes.
        core: Which core wrk runs on.
    """

    path: str
    users: Path
    seconds: int = 10
    connections: int = 16
    key: str = "-"
    pause_ms: float = 0.0
    core: int = 1


@dataclass(frozen=True)
class Measured:
    """What wrk saw.

    Attributes:
        failed: Requests without an answer.
        refused: Answers with a status of 400 and above.
        micros: Distinct times to answer, ascending, in microseconds, (N,).
        counts: Requests of each, (N,).
    """

    requests: int
    seconds: float
    n_bytes: int
    failed: int
    refused: int
    micros: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def read(cls, output: str) -> Self:
        """From the line that `wrk.lua` writes."""
        values = orjson.loads(output.split(_MARK)[1].splitlines()[0])
        bins = np.array(values["bins"], dtype=np.int64).reshape(-1, 2)
        # wrk adds counts of times that it estimates for a stalled connection; the bins may come unsorted by that.
        order = np.argsort(bins[:, 0], kind="stable")
        return cls(
            values["requests"], values["seconds"], values["bytes"], values["failed"], values["refused"],
            bins[order, 0], bins[order, 1],
        )  # fmt: skip

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds within which a share of the answers came; nearest rank."""
        return percentile(self.micros, self.counts, share)


def percentile(micros: NDArray[np.int64], counts: NDArray[np.int64], share: float) -> float:
    """Milliseconds within which a share of the answers came; nearest rank."""
    up_to = np.cumsum(counts)
    return float(micros[np.searchsorted(up_to, share * up_to[-1] - 1e-9)]) / 1000


def load(base: str, wanted: Load, seed: int = 0) -> Measured:
    """Put load on a server and measure.

    Args:
        base: URL without a path, e.g. "http://127.0.0.1:8080".
    """
    done = subprocess.run(
        [
            "taskset", "--cpu-list", str(wanted.core), "wrk", "--threads", "1", "--timeout", "10s",
            "--connections", str(wanted.connections), "--duration", f"{wanted.seconds}s", "--script", str(SCRIPT),
            base, "--", str(wanted.users), wanted.path, wanted.key, str(wanted.pause_ms), str(seed),
        ],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return Measured.read(done.stdout)
