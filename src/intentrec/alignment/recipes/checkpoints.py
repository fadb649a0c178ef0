"""Checkpoints that an interruption cannot break: a folder counts when its mark, which is written last, is there."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from intentrec.errors import WorkspaceError

_MARK = "complete.json"
_PREFIX = "checkpoint-"


@dataclass(frozen=True)
class Checkpoint:
    """One that is complete."""

    folder: Path

    @property
    def step(self) -> int:
        """After which it was written."""
        return int(self.folder.name.removeprefix(_PREFIX))

    @property
    def notes(self) -> dict[str, Any]:
        """What `mark` was given."""
        notes: dict[str, Any] = json.loads((self.folder / _MARK).read_text("utf-8"))
        return notes


def at(folder: Path, step: int) -> Path:
    """Where the checkpoint of a step lies."""
    return folder / f"{_PREFIX}{step}"


def mark(folder: Path, step: int, notes: dict[str, Any]) -> None:
    """Say that the checkpoint of a step is complete, or change what was noted of it."""
    unfinished = at(folder, step) / f"{_MARK}.part"
    unfinished.write_text(json.dumps(notes), "utf-8")
    os.replace(unfinished, at(folder, step) / _MARK)


def complete(folder: Path) -> list[Checkpoint]:
    """All that are complete, the oldest first."""
    found = [Checkpoint(mark.parent) for mark in folder.glob(f"{_PREFIX}*/{_MARK}")]
    return sorted(found, key=lambda checkpoint: checkpoint.step)


def drop_unfinished(folder: Path) -> None:
    """Delete what an interruption left half written."""
    for found in folder.glob(f"{_PREFIX}*"):
        if not (found / _MARK).exists():
            shutil.rmtree(found)


def keep(folder: Path, *steps: int) -> None:
    """Delete all complete ones but the newest and those of these steps."""
    for checkpoint in complete(folder)[:-1]:
        if checkpoint.step not in steps:
            (checkpoint.folder / _MARK).unlink()
            shutil.rmtree(checkpoint.folder)


@contextmanager
def writing(folder: Path, step: int) -> Iterator[None]:
    """What goes wrong while the checkpoint of a step is written, said plainly; older ones stay as they are.

    Raises:
        WorkspaceError: It cannot be written: as a rule the disk is full.
    """
    try:
        yield
    except (OSError, SafetensorError, RuntimeError) as failed:  # torch's writer knows no other error than the last
        shutil.rmtree(at(folder, step), ignore_errors=True)
        older = complete(folder)
        rest = f"goes on after step {older[-1].step}" if older else "begins anew"
        reason = (str(failed).strip().splitlines() or [type(failed).__name__])[0]
        free = shutil.disk_usage(folder).free
        raise WorkspaceError(
            f"The checkpoint of step {step} could not be written to {folder}: {reason} ({free / 1e6:,.0f} MB are "
            f"free). Make room and run the same command again: it {rest}."
        ) from failed
