"""JSON lines: polars reads a sound file; a file with bad lines is gone through line by line."""

import gzip
import mmap
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from intentrec.data.source import Source, broken_lines
from intentrec.errors import DataError


def read_jsonl(path: Path) -> Source:
    """The JSON objects of a file, one a line; lines that are none are set apart with their number.

    Types are inferred over the whole file; a column of several types becomes text.

    Raises:
        DataError: No line is a JSON object.
    """
    if not _has_blank_lines(path):
        try:
            return Source(path, pl.read_ndjson(path, infer_schema_length=None))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
            pass  # which line it was is found below
    return _line_by_line(path)


def _has_blank_lines(path: Path) -> bool:
    """Whether row n may stand in another line than n; polars skips blank lines without a word."""
    if path.suffix.lower() == ".gz":
        return True
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data[:1] in b"\r\n" or data.find(b"\n\n") >= 0 or data.find(b"\n\r\n") >= 0


def _line_by_line(path: Path) -> Source:
    data = gzip.decompress(path.read_bytes()) if path.suffix.lower() == ".gz" else path.read_bytes()
    numbers: list[int] = []
    good: list[bytes] = []
    broken: list[tuple[int, str, str]] = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        reason = _fault(line)
        if reason:
            broken.append((number, reason, line.decode("utf-8", "replace")))
        else:
            numbers.append(number)
            good.append(line)
    if not good:
        raise DataError(
            f"{path} holds no line that is a JSON object (line {broken[0][0]}: {broken[0][1]}). JSONL is one object a "
            "line, without commas between lines or brackets around them; write it so."
            if broken
            else f"{path} holds only blank lines. Write one JSON object a line into it, or leave it out."
        )
    lines = pl.Series(numbers, dtype=pl.Int64)
    return Source(path, _frame(good), lines=lines, broken=broken_lines(path, broken))


def _fault(line: bytes) -> str:
    """Why a line is no JSON object; "" when it is one."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return "line is not valid JSON"
    return "" if isinstance(value, dict) else "line is not a JSON object"


def _frame(lines: list[bytes]) -> pl.DataFrame:
    try:
        return pl.read_ndjson(b"\n".join(lines), infer_schema_length=None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        as_text = (orjson.dumps({key: _text(value) for key, value in orjson.loads(line).items()}) for line in lines)
        return pl.read_ndjson(b"\n".join(as_text), infer_schema_length=None)


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()
