"""One folder in which the processes of a server keep their counts, so that any of them can answer for all.

prometheus-client's multi-process mode maps a file a process and kind of metric. Two things are added here and in
`gathering`: files have their blocks from the start, because a mapped page that finds no space on a full disk kills the
process; and what dead processes counted is added up in one file, so that workers which come and go leave no trail.
Nothing here imports prometheus-client, which decides when it is imported whether it shares.
"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # read by prometheus-client when it is imported
FILE_BYTES = {"histogram": 1 << 20}
OTHER_FILE_BYTES = 1 << 16


def begin(root: Path) -> Path:
    """Make the folder of this server below `root`, and remove those of servers that are gone.

    Called in the main process before its workers start; they inherit the environment variable that names the folder.
    """
    folder = root / str(os.getpid())
    for old in root.glob("[0-9]*"):
        if old == folder or not alive(int(old.name)):
            shutil.rmtree(old)
    folder.mkdir(parents=True)
    os.environ[FOLDER] = str(folder)
    return folder


def folder_of_counts() -> Path | None:
    """The folder that `begin` made, here or in a parent process."""
    named = os.environ.get(FOLDER)
    return Path(named) if named else None


def reserve(folder: Path, kinds: Iterable[str]) -> None:
    """Give the files of this process their blocks.

    Args:
        kinds: As file names begin: "counter", "histogram", "gauge_livesum", ...

    Raises:
        OSError: The disk is full, or the folder is gone.
    """
    for kind in kinds:
        with_blocks(folder / f"{kind}_{os.getpid()}.db", FILE_BYTES.get(kind, OTHER_FILE_BYTES))


def with_blocks(path: Path, size: int) -> None:
    """A file of at least `size` bytes that are there, so that a mapping of it can be written on a full disk."""
    with path.open("ab") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def alive(pid: int) -> bool:
    """Whether a process of this number runs, whosever it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
