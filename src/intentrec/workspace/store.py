"""A workspace: one folder with everything that belongs to one shop."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import IO

import polars as pl

from intentrec.errors import NotFoundError, WorkspaceBusy, WorkspaceError
from intentrec.workspace.artefacts import ArtefactRef, ArtefactStore
from intentrec.workspace.deltas import DeltaStore, TableRef
from intentrec.workspace.files import disk_errors, write_atomic
from intentrec.workspace.releases import Manifest, ReleaseStore
from intentrec.workspace.steps import StepStore

CONFIG_FILE = "intentrec.toml"
PATIENCE = 60.0
_LOOK = 0.05


class Workspace:
    """Opens the folder `root`, which `Workspace.create` or `intentrec init` has made.

    Raises:
        WorkspaceError: The folder is not a workspace.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).resolve()
        if not self.config_file.is_file():
            raise WorkspaceError(
                f"{self.root} is not a workspace: it has no {CONFIG_FILE}. "
                f"Make one with `intentrec init {root}`, or name another folder with -w."
            )
        self.tables = DeltaStore(self.root / "tables")
        self.artefacts = ArtefactStore(self.root / "artefacts")
        self.releases = ReleaseStore(self.root / "releases")
        self.steps = StepStore(self.root / "runs" / "steps")

    @classmethod
    def create(cls, root: Path | str, config_text: str) -> "Workspace":
        """Make a new workspace with the given `intentrec.toml`.

        Raises:
            WorkspaceError: The folder already is a workspace, or cannot be written.
        """
        file = Path(root) / CONFIG_FILE
        if file.exists():
            raise WorkspaceError(f"{file} exists already. Edit it, or choose another folder.")
        write_atomic(file, config_text.encode())
        return cls(root)

    @property
    def config_file(self) -> Path:
        """Where the settings are."""
        return self.root / CONFIG_FILE

    @property
    def ledger(self) -> Path:
        """Where every call to a language model is kept."""
        return self.root / "ledger.sqlite"

    @property
    def cache(self) -> Path:
        """Where text vectors are kept; may be deleted at any time."""
        return self.root / "cache"

    @contextmanager
    def writing(self, patience: float = 0.0) -> Iterator[None]:
        """Hold the workspace for one writer. The lock dies with its process, so a killed run leaves none behind.

        Args:
            patience: Seconds to wait for another writer; `PATIENCE` outlasts the moments for which a server moves
                events to the tables.

        Raises:
            WorkspaceBusy: Another process is writing.
        """
        deadline = monotonic() + patience
        with disk_errors(self.root), (self.root / ".lock").open("w") as file:
            while not _locked(file):
                if monotonic() >= deadline:
                    raise WorkspaceBusy(f"Another intentrec process is writing to {self.root}. Wait until it is done.")
                sleep(_LOOK)
            yield

    def write(self, name: str, frame: pl.DataFrame, *, append: bool = False) -> TableRef:
        """See `DeltaStore.write`."""
        return self.tables.write(name, frame, append=append)

    def read(self, name: str, ref: TableRef | None = None) -> pl.DataFrame:
        """The rows of one version, by default the newest; an empty frame for a table that was never written."""
        return self.tables.read(name, ref.version if ref else None)

    def write_artefact(self, name: str, save: Callable[[Path], None]) -> ArtefactRef:
        """See `ArtefactStore.write`."""
        return self.artefacts.write(name, save)

    def release(self) -> Manifest:
        """The release that readers see.

        Raises:
            NotFoundError: Nothing has been published yet.
        """
        manifest = self.releases.current()
        if manifest is None:
            raise NotFoundError(f"Nothing is published in {self.root} yet. Run `intentrec run` first.")
        return manifest

    def read_release(self, name: str, manifest: Manifest | None = None) -> pl.DataFrame:
        """An output or input table as it stands in a release, by default the current one."""
        manifest = manifest or self.release()
        if name in manifest.inputs:
            return self.tables.read(name, manifest.inputs[name])
        if name not in manifest.tables:
            known = ", ".join([*manifest.tables, *manifest.inputs])
            raise NotFoundError(f"Release {manifest.release} has no table {name!r}: {known}.")
        return self.read(name, manifest.tables[name])


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
