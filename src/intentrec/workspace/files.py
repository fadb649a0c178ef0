"""Small files that are either wholly there or not there at all."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from intentrec.errors import WorkspaceError

_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the operating system says about a disk into one clear sentence.

    Raises:
        WorkspaceError: The disk is full, or the path may not be written.
    """
    try:
        yield
    except OSError as error:
        raise WorkspaceError(disk_sentence(path, error)) from error


def disk_sentence(path: Path, error: Exception) -> str:
    """What went wrong with a path, and what to do about it."""
    text = str(error)
    full = getattr(error, "errno", None) in _FULL or "No space left" in text or "os error 28" in text
    if full:
        return (
            f"The disk that holds {path} is full. What was finished is kept and nothing was published: "
            "free some space and start the same command again."
        )
    return f"Cannot write {path}: {text}. Check that the folder exists and that you may write to it."


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file through a temporary neighbour and one rename, synced to disk before the rename.

    Raises:
        WorkspaceError: The disk is full, or the path may not be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_synced(temporary, content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make a rename inside the folder survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
