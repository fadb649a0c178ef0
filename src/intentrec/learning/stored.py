"""Trained models on disk: how they are found missing, damaged, or of another version."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from intentrec.errors import DataError, NotFittedError


@contextmanager
def reading(what: str, folder: Path) -> Iterator[None]:
    """Errors of whatever is read within, as the user should see them.

    Args:
        what: With its article: "the towers".
        folder: Where it should be.

    Raises:
        NotFittedError: A file is not there.
        DataError: What a file holds cannot be read.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise NotFittedError(f"Cannot find {what} in {folder}: {error}. Train first.") from error
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DataError(f"{folder} holds {what}, damaged: {reason}. Train again.") from error


def write_meta(file: Path, meta: dict[str, Any]) -> None:
    """Write what `read_meta` reads."""
    file.write_text(json.dumps(meta, ensure_ascii=False, indent=1), "utf-8")


def read_meta(file: Path, version: int) -> dict[str, Any]:
    """What a file says, if its key "format" is this version; to be called within `reading`.

    Raises:
        DataError: It is another one.
    """
    meta: dict[str, Any] = json.loads(file.read_text("utf-8"))
    found = meta.get("format") if isinstance(meta, dict) else None
    if found != version:
        raise DataError(f"{file} has format {found}, not {version}. Train again.")
    return meta
