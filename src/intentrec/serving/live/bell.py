"""How processes hear of each other's commits without asking SQLite: eight bytes that all of them map.

`PRAGMA data_version` takes some 9 microseconds of file locks, a look at mapped bytes a quarter of one.
"""

import mmap
import os
from pathlib import Path

from intentrec.workspace.files import disk_errors

FILE = "bell"
_SIZE = 8


class Bell:
    """One file beside the store, with other random bytes after each commit.

    Args:
        folder: The store's.

    Raises:
        WorkspaceError: The disk is full, or the folder may not be written.
    """

    def __init__(self, folder: Path) -> None:
        with disk_errors(folder):
            descriptor = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                # A mapped page without a block would kill the process on a full disk.
                os.posix_fallocate(descriptor, 0, _SIZE)
                self._bytes = mmap.mmap(descriptor, _SIZE)
            finally:
                os.close(descriptor)

    def ring(self) -> None:
        """Tell all processes that something was committed; two that ring at once cannot cancel out."""
        self._bytes[:] = os.urandom(_SIZE)

    def heard(self) -> bytes:
        """Other bytes than before where somebody has rung since."""
        return self._bytes[:]
