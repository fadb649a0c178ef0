"""The files between the two environments.

A folder holds data/ (train, histories and perhaps validation, all Parquet of user_id and item_id in the order of time)
and one folder for each run: job.json, log.txt, the lists, and result.json, which is written last.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import polars as pl

from intentrec.errors import DataError, NotFoundError
from intentrec.retrieval.protocol import RECOMMENDED_SCHEMA

COLUMNS = ("user_id", "item_id")
LISTS = {True: "unseen.parquet", False: "all.parquet"}
"""Whether items of the history are left out -> the file of the lists."""

_MARK = "fingerprint.json"


@dataclass(frozen=True)
class Exchange:
    """A folder of data and of runs on it."""

    folder: Path

    @classmethod
    def write(
        cls, folder: Path, *, train: pl.DataFrame, histories: pl.DataFrame, validation: pl.DataFrame | None = None
    ) -> Self:
        """Put the data into a folder; nothing is written where the same data is there already.

        Args:
            folder: Made where it is missing.
            train: What is learned from: user_id, item_id; the order of rows is the order of time.
            histories: Whole histories of the users to serve, in the order of time. Users may be ones that training
                never saw; the filter of seen items looks at these rows only.
            validation: user_id, item_id that training is stopped by; their histories are the rows of `train`.

        Raises:
            DataError: A column is missing, or the folder holds other data.
        """
        frames = {"train": train, "histories": histories, "validation": validation}
        tables = {name: _pairs(name, frame) for name, frame in frames.items() if frame is not None}
        mark = {name: fingerprint(table) for name, table in tables.items()}
        data = folder / "data"
        if (data / _MARK).exists():
            if json.loads((data / _MARK).read_text()) != mark:
                raise DataError(f"{folder} holds runs on other data. Choose another folder, or delete this one.")
            return cls(folder)
        data.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            table.write_parquet(data / f"{name}.parquet")
        (data / _MARK).write_text(json.dumps(mark))
        return cls(folder)

    @property
    def validates(self) -> bool:
        """Whether runs here are stopped by held-out items."""
        return (self.folder / "data" / "validation.parquet").exists()

    def result(self, key: str) -> dict[str, Any] | None:
        """What a finished run reported; None where it has not finished."""
        file = self.folder / key / "result.json"
        found: dict[str, Any] | None = json.loads(file.read_text()) if file.exists() else None
        return found

    def lists(self, key: str, *, filter_viewed: bool = True) -> pl.DataFrame:
        """Lists of a finished run, in the columns of `RECOMMENDED_SCHEMA`.

        Raises:
            NotFoundError: The run has not finished or has no such lists.
            DataError: The file is not what it should be.
        """
        file = self.folder / key / LISTS[filter_viewed]
        if self.result(key) is None or not file.exists():
            raise NotFoundError(f"There are no finished lists {file}.")
        rows = pl.read_parquet(file)
        missing = sorted(set(RECOMMENDED_SCHEMA) - set(rows.columns))
        if missing:
            raise DataError(f"{file} lacks the columns {', '.join(missing)}.")
        return rows.select(pl.col(name).cast(dtype) for name, dtype in RECOMMENDED_SCHEMA.items())


def fingerprint(table: pl.DataFrame) -> str:
    """A hash of the rows in their order."""
    digest = hashlib.sha256()
    for part in table.iter_slices(100_000):
        digest.update(part.write_csv().encode())
    return digest.hexdigest()


def _pairs(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    missing = [column for column in COLUMNS if column not in frame.columns]
    if missing:
        raise DataError(f"Rows of {name!r} lack {', '.join(missing)}; they have {', '.join(frame.columns)}.")
    # Searches name no item.
    return frame.filter(pl.col("item_id").is_not_null()).select(pl.col(column).cast(pl.String) for column in COLUMNS)
