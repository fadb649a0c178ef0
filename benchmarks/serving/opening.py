"""How long a bundle takes to open, in a process of its own: `python -m benchmarks.serving.opening BUNDLE`."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import orjson

from intentrec.serving.bundle import Bundle

_PIECE = 1 << 22


@dataclass(frozen=True)
class Opening:
    """Seconds.

    Attributes:
        opened: `Bundle.open`.
        first: One user's stored list after that.
    """

    opened: float
    first: float


def measured(folder: Path, *, cold: bool) -> Opening:
    """In a fresh process.

    Args:
        cold: Whether the files of the bundle are dropped from memory first.
    """
    if cold:
        forget(folder)
    command = [sys.executable, "-m", __name__, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Opening(**orjson.loads(done.stdout))


def forget(folder: Path) -> None:
    """Drop the pages of all files below a folder from memory, as far as nobody has them mapped."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read_all(folder: Path) -> None:
    """Bring the pages of all files below a folder into memory, as an export that wrote them leaves them."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            with file.open("rb", buffering=0) as opened:
                while opened.read(_PIECE):
                    pass


def main() -> None:
    folder = Path(sys.argv[1])
    begun = time.perf_counter()
    bundle = Bundle.open(folder)
    opened = time.perf_counter()
    bundle.stored(str(bundle.user_ids[len(bundle.user_ids) // 2]))
    first = time.perf_counter()
    print(orjson.dumps(Opening(opened - begun, first - opened)).decode())


if __name__ == "__main__":
    main()
