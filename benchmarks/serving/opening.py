"""How long a bundle takes to open, in a process of its own: `python -m benchmarks.serving.opening BUNDLE`."""

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
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


@contextmanager
def in_memory(folder: Path) -> Iterator[None]:
    """Read all files below a folder, and hold their pages in memory where that is allowed.

    A host with memory to spare keeps them by itself; one that is shared with other work does not.
    """
    lock = ctypes.CDLL(None, use_errno=True).mlock
    held = []
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.stat().st_size:
            with file.open("rb", buffering=0) as opened:
                while opened.read(_PIECE):
                    pass
                held.append(np.memmap(opened, mode="r"))
            lock(ctypes.c_void_p(held[-1].ctypes.data), ctypes.c_size_t(held[-1].nbytes))
    yield
    held.clear()


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
