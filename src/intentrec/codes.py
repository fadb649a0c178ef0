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

    def frame(self, name: str, code: str, among: pl.Series | None = None) -> pl.DataFrame:
        """Two columns to join with: the name and its code.

        Args:
            among: Only names that stand here, each once: a few events need not meet all names. None for all.
        """
        if among is not None:
            held = [(some, self._codes[some]) for some in among.unique().to_list() if some in self._codes]
            return pl.DataFrame(held, schema={name: pl.String, code: pl.Int64}, orient="row")
        rows = pl.DataFrame({name: self.names}, schema={name: pl.String})
        return rows.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(code))


def places(names: NDArray[np.str_], wanted: Sequence[str]) -> Ints:
    """Place of each wanted name among ascending ones, -1 where it is not there; reads only what it compares with."""
    asked = np.asarray(list(wanted), dtype=np.str_)
    if not len(names):
        return np.full(len(asked), -1, dtype=np.int64)
    # Of one width: searching for wider names would copy all of them. A name that is cut is not equal below.
    found = np.searchsorted(names, asked.astype(names.dtype)).clip(max=len(names) - 1)
    at: Ints = np.where(names[found] == asked, found, -1)
    return at
