"""Arrays, and rows of different lengths, as files that are mapped into memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Ragged:
    """Rows of different lengths.

    Attributes:
        starts: Where each row begins, and where the last one ends, (R + 1,).
        values: The rows, one after the other.
    """

    starts: NDArray[np.int64]
    values: NDArray[Any]

    @classmethod
    def grouped(cls, group: NDArray[np.integer], values: NDArray[Any], n_groups: int) -> Self:
        """Rows by group; `group` ascends."""
        return cls(np.searchsorted(group, np.arange(n_groups + 1)).astype(np.int64), values)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> NDArray[Any]:
        part: NDArray[Any] = self.values[self.starts[row] : self.starts[row + 1]]
        return part

    def bytes(self, row: int) -> bytes:
        """A row of bytes."""
        return self[row].tobytes()

    def save(self, folder: Path, name: str) -> None:
        """Write two files."""
        save_arrays(folder, {f"{name}.starts": self.starts, f"{name}.values": self.values})

    @classmethod
    def open(cls, folder: Path, name: str) -> Self:
        """Map what `save` wrote."""
        return cls(mapped(folder, f"{name}.starts"), mapped(folder, f"{name}.values"))

    @classmethod
    def open_bytes(cls, folder: Path, name: str) -> Self:
        """Map what `save_rows` wrote."""
        file = folder / f"{name}.bin"
        empty = not file.stat().st_size
        values = np.zeros(0, np.uint8) if empty else np.memmap(file, np.uint8, mode="r").view(np.ndarray)
        return cls(mapped(folder, f"{name}.starts"), values)


def save_rows(folder: Path, name: str, rows: Iterable[bytes]) -> int:
    """Write rows of bytes as they come, holding one at a time; `Ragged.open_bytes` maps them. How many there were."""
    ends = [0]
    with (folder / f"{name}.bin").open("wb") as file:
        for row in rows:
            file.write(row)
            ends.append(ends[-1] + len(row))
    save_arrays(folder, {f"{name}.starts": np.asarray(ends, dtype=np.int64)})
    return len(ends) - 1


def save_arrays(folder: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """One `.npy` file an array."""
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)


def mapped(folder: Path, name: str) -> NDArray[Any]:
    """An array that `save_arrays` wrote, mapped; one without elements cannot be mapped and is read."""
    file = folder / f"{name}.npy"
    try:
        array: NDArray[Any] = np.load(file, mmap_mode="r", allow_pickle=False)
    except ValueError:
        array = np.load(file, allow_pickle=False)
    # A plain array over the same memory: slicing a memmap costs several times as much.
    return array.view(np.ndarray)


def strings(rows: Sequence[str]) -> NDArray[np.str_]:
    """Ids as an array; one of an empty list has a width of one."""
    return np.asarray(list(rows), dtype=np.str_) if rows else np.zeros(0, dtype="<U1")
