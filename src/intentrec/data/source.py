"""What a reader hands to the checks: rows as they stand in the file, and the lines that are no rows at all."""

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from intentrec.tables import QUARANTINE

RECORD_LENGTH = 2000
JSONLESS = (pl.Binary, pl.Object)  # types that have no JSON form


@dataclass(frozen=True)
class Source:
    """One file that was read.

    Attributes:
        path: Where it came from.
        frame: Its rows with its own column names.
        untyped: Whether every value is text because the format knows no types.
        lines: The line of each row, from 1; None where row n of the frame is row n of the file.
        broken: Rows of `QUARANTINE` without their table: lines that could not be read as rows.
    """

    path: Path
    frame: pl.DataFrame
    untyped: bool = False
    lines: pl.Series | None = None
    broken: pl.DataFrame = field(default_factory=QUARANTINE.empty)


def broken_lines(path: Path, lines: list[tuple[int, str, str]]) -> pl.DataFrame:
    """Quarantine rows from (line number, reason, raw text)."""
    return QUARANTINE.rows(
        {"source": path.name, "line": number, "reason": reason, "record": text[:RECORD_LENGTH]}
        for number, reason, text in lines
    )


def quarantined(source: Source, table: str, positions: pl.Series, reasons: pl.Series) -> pl.DataFrame:
    """Quarantine rows for rows of the source, each shown as JSON with the file's own names and values.

    Args:
        source: The file.
        table: The table it was meant for.
        positions: Row positions in `source.frame`, from 0.
        reasons: One reason each.
    """
    rows = source.frame[positions]
    shown = [name for name, dtype in rows.schema.items() if not isinstance(dtype, JSONLESS)]
    records = rows.select(pl.struct(shown).struct.json_encode().str.slice(0, RECORD_LENGTH)).to_series()
    lines = positions + 1 if source.lines is None else source.lines[positions]
    return pl.DataFrame(
        {"line": lines.cast(pl.Int64), "reason": reasons, "record": records},
    ).select(table=pl.lit(table), source=pl.lit(source.path.name), line="line", reason="reason", record="record")
