"""Files into frames, each as it stands: Parquet, CSV and JSONL, and one clear sentence for what cannot be read."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from intentrec.data.jsonl import read_jsonl
from intentrec.data.source import Source
from intentrec.errors import DataError

SUFFIXES = ".parquet, .csv, .csv.gz, .jsonl, .jsonl.gz, .ndjson or .ndjson.gz"
_UNREADABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, EOFError, zlib.error)
_NOT_UTF8 = "save it as UTF-8 first, e.g. iconv -f latin1 -t utf-8"


def read(path: Path) -> Source:
    """The rows of a file with its own column names; the format follows from its suffix.

    CSV values stay text. A JSONL line that is no JSON object is set apart and the rest is read.

    Raises:
        DataError: The file is missing, empty, cut off, not of its format, or holds no rows.
    """
    kind = _kind(path)
    _must_have_bytes(path)
    with _explained(path, kind):
        if kind == "parquet":
            source = Source(path, pl.read_parquet(path, hive_partitioning=False, glob=False))
        elif kind == "csv":
            source = _read_csv(path)
        else:
            source = read_jsonl(path)
    if source.frame.is_empty() and source.broken.is_empty():
        raise DataError(f"{path} has columns but no rows. Write the rows into it, or leave it out.")
    return source


def _kind(path: Path) -> str:
    names = path.name.lower().removesuffix(".gz").rsplit(".", 1)
    kind = {"parquet": "parquet", "csv": "csv", "jsonl": "jsonl", "ndjson": "jsonl"}.get(names[-1])
    if kind is None or len(names) == 1 or (kind == "parquet" and path.name.lower().endswith(".gz")):
        raise DataError(f"{path} has a name that says no known format; end it in {SUFFIXES}.")
    return kind


def _must_have_bytes(path: Path) -> None:
    if path.is_dir():
        raise DataError(f"{path} is a folder; name one file that ends in {SUFFIXES}.")
    if not path.exists():
        raise DataError(f"{path} does not exist; check the path, seen from {Path.cwd()}.")
    with _explained(path, "file"), path.open("rb") as file:
        head = file.read(4)
    if not head:
        raise DataError(f"{path} is empty (0 bytes). Export it again; the last export may have failed.")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path} is written in UTF-16; {_NOT_UTF8.replace('latin1', 'utf-16')}.")


def _read_csv(path: Path) -> Source:
    frame = pl.read_csv(path, infer_schema=False, glob=False)
    if any("\0" in name for name in frame.columns):
        raise DataError(f"{path} holds binary data, not CSV text; check that its suffix fits its content.")
    lines = None
    blank = frame.select(pl.all_horizontal(pl.all().is_null())).to_series() if frame.width else pl.Series([])
    if blank.any():
        lines = (~blank).arg_true() + 1
        frame = frame.filter(~blank)
    return Source(path, frame, untyped=True, lines=lines)


@contextmanager
def _explained(path: Path, kind: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except _UNREADABLE as error:
        raise DataError(f"{path} cannot be read as {kind}: {_first_line(error)}. {_advice(kind, error)}") from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0].rstrip(".:,")


def _advice(kind: str, error: BaseException) -> str:
    message = str(error).lower()
    if "utf-8" in message or "utf8" in message:
        return f"It is not UTF-8 text: {_NOT_UTF8}."
    if kind == "parquet":
        return "The file is cut off, damaged or not Parquet: export or copy it again."
    if "found more fields" in message:
        return "Some row has more fields than the header: quote values that hold a comma or a line break."
    return "Check that its suffix fits its content, and that quotes are closed; then export it again."
