"""Which outputs are judged: drawn by a hash, of every writer alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import polars as pl

from intentrec.judge.criteria import Task

TABLES: Mapping[Task, tuple[str, tuple[str, ...]]] = {
    "interest": ("interests", ("user_id", "interest_id")),
    "tag": ("tags", ("user_id", "tag")),
    "explanation": ("explanations", ("item_id", "interest")),
}
"""The table of each task, and the columns a row is drawn by."""


@dataclass(frozen=True)
class Sample:
    """Some rows of a table.

    Attributes:
        rows: In the order of their hashes.
        sizes: How many rows of each writer the whole table has.
    """

    rows: pl.DataFrame
    sizes: dict[str, int]


def draw(table: pl.DataFrame, columns: tuple[str, ...], n: int, salt: str = "") -> Sample:
    """Up to `n` rows, of each writer (column `model`) alike as far as there are enough.

    The same rows are drawn as long as they are there, whatever else is in the table.
    """
    named = table.select(pl.concat_str([pl.col(name).cast(pl.String) for name in columns], separator="\0")).to_series()
    places = [sha256(f"{salt}\0{name}".encode("utf-8", "surrogatepass")).digest() for name in named]
    hashed = table.with_columns(_place=pl.Series(places, dtype=pl.Binary)).sort("_place").drop("_place")
    sizes = dict(hashed.group_by("model").len().sort("model").iter_rows())
    shares = _shares(sizes, n)
    parts = [hashed.filter(pl.col("model") == writer).head(share) for writer, share in shares.items()]
    return Sample(pl.concat(parts) if parts else hashed, sizes)


def _shares(sizes: Mapping[str, int], n: int) -> dict[str, int]:
    """How many of each writer: equal shares, and what a small one leaves goes to the others."""
    shares: dict[str, int] = {}
    left = n
    for place, writer in enumerate(sorted(sizes, key=lambda name: (sizes[name], name))):
        shares[writer] = min(sizes[writer], left // (len(sizes) - place))
        left -= shares[writer]
    return shares
