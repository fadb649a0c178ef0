"""From files to stored tables: read, check, quarantine, store."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from intentrec.config import Config
from intentrec.data.checks import STORED, Checked, Known, check, number_rows
from intentrec.data.config import InputTable
from intentrec.data.readers import read
from intentrec.data.report import DataReport, data_report
from intentrec.data.source import Source
from intentrec.errors import DataError
from intentrec.progress import Progress
from intentrec.tables import INPUTS
from intentrec.workspace import PATIENCE, Workspace

_UPSERTED = ("items", "users")


@dataclass(frozen=True)
class TableIngest:
    """What happened to the files of one table.

    Attributes:
        refused: Rows that went to the quarantine.
        again: Rows that were stored already and were passed over.
        reasons: Quarantined rows by reason.
    """

    table: str
    read: int
    kept: int
    refused: int
    again: int
    reasons: dict[str, int]


@dataclass(frozen=True)
class IngestReport:
    """What an ingest did, one entry a table."""

    tables: list[TableIngest]

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        return asdict(self)


def ingest_files(
    workspace: Workspace,
    config: Config,
    files: Mapping[str, Sequence[Path]],
    *,
    now: datetime,
    progress: Progress,
) -> IngestReport:
    """Add the rows of files to the stored tables, items and users first.

    All files of a table are checked before any of its rows is stored. Events and impressions are appended, and rows
    that are stored already are passed over, so that the same file can be given twice; items and users replace earlier
    rows of the same id.

    Args:
        files: Table name (one of `INPUTS`) -> its files.
        now: The moment of the ingest; events after it are quarantined.

    Raises:
        DataError: A file cannot be read or does not fit its table; tables that were done before it are stored.
    """
    with workspace.writing(PATIENCE):
        return IngestReport(
            [_ingest(workspace, config, name, files[name], now, progress) for name in INPUTS if files.get(name)]
        )


def _ingest(
    workspace: Workspace, config: Config, table: InputTable, paths: Sequence[Path], now: datetime, progress: Progress
) -> TableIngest:
    with progress.track(f"ingest {table}", total=len(paths)) as advance:

        def sources() -> Iterator[Source]:
            for path in paths:
                yield read(path)
                advance(1)

        return ingest_sources(workspace, config, table, sources(), now=now).report


@dataclass(frozen=True)
class Taken:
    """What became of the sources of one table.

    Attributes:
        stored: Rows as they were stored; events with their `row`.
        quarantine: Rows of `QUARANTINE`.
    """

    report: TableIngest
    stored: pl.DataFrame
    quarantine: pl.DataFrame


def ingest_sources(
    workspace: Workspace,
    config: Config,
    table: InputTable,
    sources: Iterable[Source],
    *,
    now: datetime,
    first_row: int = 0,
) -> Taken:
    """Add rows to one stored table; the caller holds `Workspace.writing`. See `ingest_files`.

    Args:
        sources: All are checked before any row is stored.
        first_row: Events are numbered from here, or from where the table ends if that is later.
    """
    known = _known(workspace, table, now)
    checked = [check(source, table, config.data, config.events, known) for source in sources]
    stored = _store(workspace, table, [part.frame for part in checked], first_row)
    quarantine = pl.concat([part.quarantine for part in checked])
    if not quarantine.is_empty():
        workspace.write("quarantine", quarantine, append=True)
    return Taken(_counted(table, checked, stored.height), stored, quarantine)


def _known(workspace: Workspace, table: InputTable, now: datetime) -> Known:
    if table in _UPSERTED:
        return Known(now)
    held = workspace.tables.exists("items")
    items = workspace.tables.scan("items").select("item_id").collect()["item_id"] if held else pl.Series()
    if items.is_empty():
        raise DataError(f"{workspace.root} holds no items yet; give --items before or together with --{table}.")
    stored = workspace.tables.scan(table) if workspace.tables.exists(table) else None
    return Known(now, items, stored)


def _store(workspace: Workspace, table: InputTable, frames: Sequence[pl.DataFrame], first_row: int) -> pl.DataFrame:
    frame = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")
    if table in _UPSERTED:
        key = f"{table[:-1]}_id"
        frame = frame.unique(key, keep="last", maintain_order=True)
        stored = workspace.read(table).join(frame, on=key, how="anti")
        workspace.write(table, pl.concat([stored, frame], how="diagonal_relaxed"))
        return frame
    if len(frames) > 1:
        frame = frame.unique(maintain_order=True)
    if table == "events":
        frame = number_rows(frame, max(first_row, next_row(workspace)))
    if not frame.is_empty():
        workspace.write(table, frame, append=True)
    return frame


def next_row(workspace: Workspace) -> int:
    """The number of the next event: one more than the greatest that is stored."""
    if not workspace.tables.exists("events"):
        return 0
    last = workspace.tables.scan("events").select(pl.col("row").max()).collect().item()
    return 0 if last is None else int(last) + 1


def _counted(table: str, checked: Sequence[Checked], kept: int) -> TableIngest:
    reasons = sum((part.counts for part in checked), Counter[str]())
    again = reasons.pop(STORED, 0)
    refused = sum(part.quarantine.height for part in checked)
    read_rows = sum(part.frame.height for part in checked) + refused + again
    return TableIngest(table, read_rows, kept, refused, again, dict(reasons.most_common()))


def stored_report(workspace: Workspace, config: Config) -> DataReport:
    """The report on everything that is stored."""
    items, users, events, impressions = (workspace.read(name) for name in INPUTS)
    quarantine = workspace.read("quarantine")
    if items.is_empty() and events.is_empty():
        raise DataError(f"{workspace.root} holds no data yet. Run `intentrec ingest --items FILE --events FILE`.")
    return data_report(items, events, users, impressions, quarantine, config.data)
