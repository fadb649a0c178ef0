"""Where trained adapters lie, and which of them are in use.

WORKSPACE/adapters/
  current.json              which adapter each stage uses; moved by one atomic rename
  TASK/NAME/                an adapter with its card, accepted or not
  TASK/NAME/report.json     how it was measured, and why it was accepted or refused
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from intentrec.errors import ConfigError, NotFoundError, WorkspaceBusy, WorkspaceError
from intentrec.llm import AdapterCard, read_card
from intentrec.llm.adapters import CARD
from intentrec.llm.config import Stage
from intentrec.workspace import Workspace
from intentrec.workspace.files import disk_errors, write_atomic

FOLDER, REPORT = "adapters", "report.json"
STAGES: tuple[Stage, ...] = ("interests", "tags", "explanations")


class _Pointer(BaseModel):
    """What was published by stage, in order; the last of each is in use."""

    model_config = ConfigDict(frozen=True)

    published: dict[Stage, list[str]] = Field(default_factory=dict)


class Shelf:
    """The adapters of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.root = workspace.root / FOLDER
        self._pointer = self.root / "current.json"

    def folder(self, task: Stage, name: str) -> Path:
        """Where an adapter lies, or would."""
        return self.root / task / name

    def current(self) -> dict[Stage, str]:
        """The name of the adapter that each stage uses; stages without one are missing."""
        return {task: names[-1] for task, names in self._read().published.items() if names}

    def cards(self, task: Stage) -> list[AdapterCard]:
        """The cards of a stage's adapters, oldest first; folders that are not finished are passed over.

        Raises:
            ConfigError: A card cannot be read.
        """
        home = self.root / task
        folders = sorted(file.parent for file in home.glob(f"*/{CARD}") if not file.parent.name.startswith("."))
        return sorted((read_card(folder) for folder in folders), key=lambda card: (card.created_at, card.name))

    def put(self, task: Stage, name: str, source: Path) -> Path:
        """Copy a finished adapter to its place, whole or not at all; what lies there already is left alone."""
        target = self.folder(task, name)
        draft = target.with_name(f".draft-{name}")
        if not (target / CARD).is_file():
            with disk_errors(target):
                for rest in (draft, target):
                    shutil.rmtree(rest, ignore_errors=True)
                shutil.copytree(source, draft)
                draft.rename(target)
        return target

    def publish(self, task: Stage, name: str) -> None:
        """Make an adapter the one that its stage uses, by one rename."""
        published = self._read().published
        if self.current().get(task) != name:
            self._move(_Pointer(published=published | {task: [*published.get(task, []), name]}))

    def rollback(self, task: Stage) -> str | None:
        """Go back to the adapter that was in use before; None where there was none.

        Raises:
            NotFoundError: No adapter of the stage is in use.
        """
        published = self._read().published
        if not published.get(task):
            raise NotFoundError(f"No adapter of {task} is in use: there is nothing to go back from.")
        left = published[task][:-1]
        self._move(_Pointer(published=published | {task: left}))
        return left[-1] if left else None

    def report(self, task: Stage, name: str) -> dict[str, Any] | None:
        """How an adapter was measured; None where it was not yet.

        Raises:
            WorkspaceError: The report is damaged.
        """
        file = self.folder(task, name) / REPORT
        try:
            found: dict[str, Any] = orjson.loads(file.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise WorkspaceError(f"{file} is damaged ({error}). Delete it and run `intentrec align` again.") from error
        return found

    def write_report(self, task: Stage, name: str, report: dict[str, Any]) -> None:
        """Keep how an adapter was measured beside it."""
        content = orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)
        write_atomic(self.folder(task, name) / REPORT, content)

    @contextmanager
    def training(self) -> Iterator[None]:
        """Hold the shelf for one training; others may run the daily job meanwhile.

        Raises:
            WorkspaceBusy: Another process is training for this workspace.
        """
        with disk_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            with (self.root / ".lock").open("w") as file:
                try:
                    flock(file, LOCK_EX | LOCK_NB)
                except BlockingIOError:
                    raise WorkspaceBusy(
                        f"Another intentrec process is aligning a model in {self.root}. Wait until it is done."
                    ) from None
                yield

    def _read(self) -> _Pointer:
        try:
            return _Pointer.model_validate_json(self._pointer.read_bytes())
        except FileNotFoundError:
            return _Pointer()
        except ValidationError as error:
            raise WorkspaceError(
                f"{self._pointer} is damaged ({error}). Delete it to go on without adapters, or restore it from a "
                "backup."
            ) from error

    def _move(self, pointer: _Pointer) -> None:
        write_atomic(self._pointer, pointer.model_dump_json(indent=2).encode())


def stage_named(name: str) -> Stage:
    """A stage by the name that is typed, singular or plural.

    Raises:
        ConfigError: No adapter can be made for it.
    """
    stage = next((stage for stage in STAGES if name in (stage, stage.removesuffix("s"))), None)
    if stage is None:
        raise ConfigError(f"There is no task {name!r} to align a model for. The tasks are {', '.join(STAGES)}.")
    return stage
