"""Names to integer codes; the only place that knows both."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Codes:
    """Distinct names in ascending order; a name's code is its place.

    Attributes:
        names: Each once, ascending.
    """

    names: tuple[str, ...]

    @classmethod
    def of(cls, names: Iterable[str | None]) -> Self:
        """Codes of all names that are given; None is no name."""
        return cls(tuple(sorted({name for name in names if name is not None})))

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {name: code for code, name in enumerate(self.names)}

    def known(self, names: Iterable[str]) -> Ints:
        """Codes of the names that have one, in their order; others are left out."""
        return np.array([self._codes[name] for name in names if name in self._codes], dtype=np.int64)

    def mask(self, names: Iterable[str]) -> NDArray[np.bool_]:
        """Which codes belong to one of the names, (len(self),)."""
        found = np.zeros(len(self), dtype=np.bool_)
        found[self.known(set(names))] = True
        return found

    def shifted(self, names: Sequence[str | None]) -> Ints:
        """Code + 1 of each name and 0 for any other: row 0 of an embedding stands for "unknown"."""
        return np.array([0 if name is None else self._codes.get(name, -1) + 1 for name in names], dtype=np.int64)

    def frame(self, name: str, code: str) -> pl.DataFrame:
        """Two columns to join with: the name and its code."""
        rows = pl.DataFrame({name: self.names}, schema={name: pl.String})
        return rows.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(code))
