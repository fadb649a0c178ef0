"""Tables of the contract as Delta Lake tables: each write is a new version, old versions stay readable."""

import hashlib
from pathlib import Path

import polars as pl
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError
from pydantic import BaseModel, ConfigDict

from intentrec.errors import WorkspaceError
from intentrec.tables import TABLES
from intentrec.workspace.files import disk_sentence


class TableRef(BaseModel):
    """One version of one stored table.

    Attributes:
        digest: Hash of the content, equal for equal rows in equal order, whatever version holds them.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    version: int
    rows: int
    digest: str


class DeltaStore:
    """Reads and writes the tables under one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def exists(self, name: str) -> bool:
        """Whether the table has been written at least once."""
        return (self.root / name / "_delta_log").is_dir()

    def write(self, name: str, frame: pl.DataFrame, *, append: bool = False) -> TableRef:
        """Write a new version: rows in key order, or appended as they are.

        Raises:
            DataError: The frame breaks the contract of `name`.
            WorkspaceError: The table cannot be written, e.g. because the disk is full.
        """
        table = TABLES[name]
        frame = table.check(frame)
        if table.key and not append:
            frame = frame.sort(table.key, maintain_order=True)
        path = self.root / name
        digest = content_digest(frame)
        try:
            path.mkdir(parents=True, exist_ok=True)
            if append and self.exists(name):
                write_deltalake(path, frame, mode="append", schema_mode="merge")
            else:
                write_deltalake(path, frame, mode="overwrite", schema_mode="overwrite")
        except (OSError, DeltaError) as error:
            raise WorkspaceError(disk_sentence(path, error)) from error
        return TableRef(name=name, version=self.version(name), rows=frame.height, digest=digest)

    def compact(self, name: str, files: int) -> bool:
        """Put the files of a table together where there are more than `files`; rows and older versions stay.

        Raises:
            WorkspaceError: The table cannot be written.
        """
        if not self.exists(name):
            return False
        table = self._open(name)
        if len(table.file_uris()) <= files:
            return False
        try:
            table.optimize.compact()
        except (OSError, DeltaError) as error:
            raise WorkspaceError(disk_sentence(self.root / name, error)) from error
        return True

    def version(self, name: str) -> int:
        """The newest version number."""
        return self._open(name).version()

    def identity(self, name: str, version: int | None = None) -> str:
        """A name for a state of a table, by default the newest, cheap to get; "absent" when it was never written."""
        if not self.exists(name):
            return "absent"
        table = self._open(name)
        return f"{table.metadata().id}:{table.version() if version is None else version}"

    def scan(self, name: str, version: int | None = None) -> pl.LazyFrame:
        """The rows of a version, with the types of the contract.

        Raises:
            WorkspaceError: There is no such table or version.
        """
        lazy = pl.scan_delta(self._open(name, version))
        stored = lazy.collect_schema()
        schema = TABLES[name].schema
        # Delta has no unsigned integers; the contract has (ranks).
        return lazy.with_columns(
            pl.col(column).cast(dtype) for column, dtype in schema.items() if stored.get(column, dtype) != dtype
        )

    def read(self, name: str, version: int | None = None) -> pl.DataFrame:
        """All rows of a version in key order; an empty frame for a table that was never written."""
        if version is None and not self.exists(name):
            return TABLES[name].empty()
        frame = TABLES[name].check(self.scan(name, version).collect())
        key = TABLES[name].key
        return frame.sort(key, maintain_order=True) if key else frame

    def _open(self, name: str, version: int | None = None) -> DeltaTable:
        path = self.root / name
        try:
            return DeltaTable(path, version=version)
        except (TableNotFoundError, DeltaError, OSError) as error:
            raise WorkspaceError(
                f"Table {name!r}{'' if version is None else f' at version {version}'} cannot be read from {path}: "
                f"{error}. If files were deleted by hand, ingest and run again."
            ) from error


def content_digest(frame: pl.DataFrame) -> str:
    """Hash of schema and rows, in order; 16 hexadecimal digits."""
    digest = hashlib.sha256(repr(list(frame.schema.items())).encode())
    digest.update(frame.hash_rows().to_numpy().tobytes())
    return digest.hexdigest()[:16]
