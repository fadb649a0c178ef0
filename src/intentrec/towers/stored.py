"""Towers on disk: how they are found missing, damaged, or of another version."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from intentrec.errors import DataError, NotFittedError


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Errors of whatever is read within, as the user should see them.

    Raises:
        NotFittedError: A file is not there.
        DataError: What a file holds cannot be read.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise NotFittedError(f"There are no towers in {folder}: {error}. Train them first.") from error
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise DataError(f"The towers in {folder} are damaged: {error}. Train them again.") from error


def write_meta(file: Path, meta: dict[str, Any]) -> None:
    """Write what `read_meta` reads."""
    file.write_text(json.dumps(meta, ensure_ascii=False, indent=1), "utf-8")


def read_meta(file: Path, version: int) -> dict[str, Any]:
    """What a file says, if its key "format" is this version.

    Raises:
        DataError: It is another one.
    """
    meta: dict[str, Any] = json.loads(file.read_text("utf-8"))
    if meta.get("format") != version:
        raise DataError(
            f"The towers in {file.parent} have format {meta.get('format')}, not {version}; train them again."
        )
    return meta
