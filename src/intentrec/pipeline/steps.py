"""Runs the steps of a day, each at most once for the same ingredients."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from intentrec.errors import WorkspaceError
from intentrec.workspace import Workspace
from intentrec.workspace.steps import StepRecord


@dataclass(frozen=True)
class StepOutput:
    """What a step hands over to be stored.

    Attributes:
        artefacts: Name and a function that writes the artefact's files into an empty folder.
        facts: JSON values that later steps and the report need.
    """

    tables: dict[str, pl.DataFrame]
    artefacts: dict[str, Callable[[Path], None]] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


class Steps:
    """Does steps and remembers them in the workspace.

    A step's ingredients are everything that decides its outcome: settings, digests of the tables that go in, the
    as-of time. They are hashed together with the code of the package, so that an upgrade does the work again.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.done: list[StepRecord] = []
        self.reused: list[str] = []

    def do(self, step: str, ingredients: Mapping[str, Any], work: Callable[[], StepOutput]) -> StepRecord:
        """The record of the step: found, or made by doing `work` and storing what it returns."""
        key = fingerprint({"step": step, "code": code_digest(), **ingredients})
        record = self.workspace.steps.get(key)
        if record is not None and self._still_there(record):
            self.reused.append(step)
        else:
            record = self._store(step, work())
            self.workspace.steps.put(key, record)
        self.done.append(record)
        return record

    def read(self, record: StepRecord, table: str) -> pl.DataFrame:
        """A table that a step has written."""
        return self.workspace.read(table, record.tables[table])

    def _store(self, step: str, output: StepOutput) -> StepRecord:
        return StepRecord(
            step=step,
            tables={name: self.workspace.write(name, frame) for name, frame in output.tables.items()},
            artefacts={name: self.workspace.write_artefact(name, save) for name, save in output.artefacts.items()},
            counts=dict(output.counts),
            facts=output.facts,
        )

    def _still_there(self, record: StepRecord) -> bool:
        try:
            for table in record.tables.values():
                self.workspace.tables.scan(table.name, table.version)
            for artefact in record.artefacts.values():
                self.workspace.artefacts.path(artefact)
        except WorkspaceError:
            return False
        return True


def fingerprint(ingredients: Mapping[str, Any]) -> str:
    """Hash of JSON-able ingredients, whatever the order of their keys; 24 hexadecimal digits."""
    text = orjson.dumps(ingredients, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(text).hexdigest()[:24]


@cache
def code_digest() -> str:
    """Hash of the package's own code and prompt files."""
    digest = hashlib.sha256()
    for name, content in sorted(_sources(files("intentrec"), "")):
        digest.update(f"{name}:{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def _sources(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        name = f"{prefix}/{entry.name}"
        if entry.is_dir():
            found.extend(_sources(entry, name))
        elif entry.name.endswith((".py", ".jinja", ".toml")):
            found.append((name, entry.read_bytes()))
    return found
