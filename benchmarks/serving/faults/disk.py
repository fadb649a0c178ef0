"""A disk that can be filled at will: a file system of its own where that is allowed, else a limit on file sizes."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MEGABYTES = 192
LIMIT_BYTES = 4096
_PIECES = (1 << 20, 1 << 16, 1 << 12, 1)


@dataclass
class Disk:
    """Where the workspace lies.

    Attributes:
        mounted: Whether it is a file system of its own.
    """

    folder: Path
    mounted: bool

    @property
    def how(self) -> str:
        """What filling it means."""
        if self.mounted:
            return f"a tmpfs of {MEGABYTES} MB, filled to the last byte"
        return f"no file of a server's process may grow beyond {LIMIT_BYTES} bytes (RLIMIT_FSIZE)"

    def fill(self, pids: list[int]) -> None:
        """Leave no space."""
        if not self.mounted:
            _limit(pids, LIMIT_BYTES)
            return
        with self._ballast.open("wb", buffering=0) as file:
            for size in _PIECES:
                try:
                    while file.write(b"\1" * size):
                        pass
                except OSError:  # no space for a piece of that size
                    continue

    def free(self, pids: list[int]) -> None:
        """Give the space back."""
        if self.mounted:
            self._ballast.unlink(missing_ok=True)
        else:
            _limit(pids, resource.RLIM_INFINITY)

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """A disk at `folder`, which must not exist yet; unmounted at the end."""
    folder.mkdir(parents=True)
    options = f"size={MEGABYTES}m"
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "intentrec", folder], capture_output=True, check=False
    )
    try:
        yield Disk(folder, mounted=made.returncode == 0)
    finally:
        if made.returncode == 0:
            subprocess.run(["umount", "--lazy", folder], check=True)


def _limit(pids: list[int], most: int) -> None:
    for pid in pids:
        if os.path.exists(f"/proc/{pid}"):
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, hard))
