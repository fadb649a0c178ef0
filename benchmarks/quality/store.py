"""Runs on disk: lists as Parquet, everything else as JSON, which is written last: where it is, the run is complete."""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

import polars as pl

from benchmarks.quality.tasks import Task
from intentrec.errors import DataError

PLAIN, VARIED = "plain", "varied"
"""Lists by score alone, and with the diversity knob at its default."""

_SEEN = {True: "unseen", False: "all"}
_PACKAGES = ("intentrec", "numpy", "polars", "scipy", "torch", "implicit", "optuna", "sentence-transformers")


@dataclass(frozen=True)
class Store:
    """The folder of one task."""

    folder: Path

    @classmethod
    def open(cls, out: Path, task: Task, about: Mapping[str, Any]) -> Self:
        """The folder of a task within `out`, made where it is missing.

        Args:
            out: Folder of all tasks.
            task: What is compared.
            about: How to load the task again; kept in `task.json`.

        Raises:
            DataError: The folder holds runs on other data.
        """
        folder = out / task.key
        file = folder / "task.json"
        if file.exists():
            stored = json.loads(file.read_text())
            if stored["version"] != task.version:
                raise DataError(
                    f"{folder} holds runs on data {stored['version']}, and this is {task.version}; "
                    "choose another --out."
                )
            return cls(folder)
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({**about, "version": task.version}, indent=1))
        return cls(folder)

    def run(self, system: str, seed: int) -> "Run":
        """Where a run lies or will lie."""
        return Run(self.folder / "runs" / system / f"seed-{seed}")

    def runs(self) -> dict[str, dict[int, "Run"]]:
        """System -> seed -> finished run, in the order of names."""
        found: dict[str, dict[int, Run]] = {}
        for file in sorted((self.folder / "runs").glob("*/seed-*/run.json")):
            seed = int(file.parent.name.removeprefix("seed-"))
            found.setdefault(file.parent.parent.name, {})[seed] = Run(file.parent)
        return {name: dict(sorted(runs.items())) for name, runs in found.items()}


@dataclass(frozen=True)
class Run:
    """One system, fitted with one seed."""

    folder: Path

    @property
    def done(self) -> bool:
        """Whether it is finished."""
        return (self.folder / "run.json").exists()

    @property
    def checkpoint(self) -> Path:
        """Where a training that is under way keeps how far it has come."""
        return self.folder / "checkpoint"

    def facts(self) -> dict[str, Any]:
        """What its JSON says."""
        found: dict[str, Any] = json.loads((self.folder / "run.json").read_text())
        return found

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Say that everything is there."""
        text = json.dumps({**facts, "versions": versions()}, indent=1, ensure_ascii=False)
        unfinished = self.folder / "run.json.part"
        unfinished.write_text(text)
        unfinished.replace(self.folder / "run.json")

    def keep(self, lists: pl.DataFrame, kind: str, *, filter_viewed: bool) -> None:
        """Store lists; their order does not matter."""
        self.folder.mkdir(parents=True, exist_ok=True)
        rows = lists.select("user_id", pl.col("rank").cast(pl.UInt32), "item_id").sort("user_id", "rank")
        rows.write_parquet(self._file(kind, filter_viewed), compression="zstd")

    def kinds(self) -> list[str]:
        """Which kinds of lists there are."""
        return [kind for kind in (PLAIN, VARIED) if self._file(kind, True).exists()]

    def system(self, kind: str = PLAIN) -> "Stored":
        """Its lists as a system that an evaluation can ask."""
        return Stored(
            {seen: pl.read_parquet(self._file(kind, seen)) for seen in _SEEN if self._file(kind, seen).exists()}
        )

    def _file(self, kind: str, filter_viewed: bool) -> Path:
        return self.folder / f"{kind}-{_SEEN[filter_viewed]}.parquet"


@dataclass(frozen=True)
class Stored:
    """Answers from lists that were made before: whether seen items are left out -> user_id, rank, item_id."""

    lists: Mapping[bool, pl.DataFrame]

    def recommend(self, users: Sequence[str], k: int, *, filter_viewed: bool = True) -> pl.DataFrame:
        """The first k of each user's stored list.

        Raises:
            DataError: There are no lists of this kind.
        """
        if filter_viewed not in self.lists:
            raise DataError(f"There are no stored lists with filter_viewed={filter_viewed}.")
        asked = pl.DataFrame({"user_id": list(users)}, schema={"user_id": pl.String})
        return self.lists[filter_viewed].filter(pl.col("rank") <= k).join(asked, on="user_id", how="semi")


def versions() -> dict[str, str]:
    """Of everything that moves numbers, and a hash of the package's code, which changes more often than its number."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found | {"code": code_hash()}


def code_hash() -> str:
    """Short hash of all modules of the package."""
    import intentrec

    root = Path(intentrec.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        digest.update(file.relative_to(root).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
