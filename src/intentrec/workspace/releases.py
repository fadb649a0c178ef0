"""Releases: manifests that name the version of every table and artefact of a finished run."""

from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from intentrec.errors import NotFoundError, WorkspaceError
from intentrec.workspace.artefacts import ArtefactRef
from intentrec.workspace.deltas import TableRef
from intentrec.workspace.files import write_atomic


class Manifest(BaseModel):
    """What one finished run published.

    Attributes:
        fingerprint: Hash of inputs, settings and code; equal fingerprints mean equal content.
        inputs: Version of each input table that the run read.
        facts: What readers need beside the tables, such as the weights of user and tags.
        report: Counts of every stage, model calls and tokens: what the run tells its operator.
    """

    model_config = ConfigDict(frozen=True)

    release: str = ""
    as_of: datetime
    created_at: datetime
    fingerprint: str
    tables: dict[str, TableRef]
    artefacts: dict[str, ArtefactRef] = Field(default_factory=dict)
    inputs: dict[str, int] = Field(default_factory=dict)
    config: dict[str, Any] = Field(default_factory=dict)
    facts: dict[str, Any] = Field(default_factory=dict)
    report: dict[str, Any] = Field(default_factory=dict)

    def content(self) -> dict[str, str]:
        """Name and digest of everything a reader sees, for comparing two releases."""
        parts = {f"tables/{name}": ref.digest for name, ref in self.tables.items()}
        return parts | {f"artefacts/{name}": ref.digest for name, ref in self.artefacts.items()}


class _Current(BaseModel):
    release: str = ""
    history: list[str] = Field(default_factory=list)


class ReleaseStore:
    """The published releases under one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._pointer = root / "current.json"

    def publish(self, manifest: Manifest) -> Manifest:
        """Write the manifest, then make it the one that readers see, by one rename."""
        pointer = self._read_pointer()
        manifest = manifest.model_copy(update={"release": f"r{len(pointer.history) + 1:04d}"})
        # Until the pointer moves, nobody reads this file; a run that died here writes it anew.
        write_atomic(self._file(manifest.release), manifest.model_dump_json(indent=2).encode())
        self._move(_Current(release=manifest.release, history=[*pointer.history, manifest.release]))
        return manifest

    def current(self) -> Manifest | None:
        """The release that readers see; None before the first."""
        name = self._read_pointer().release
        return self.get(name) if name else None

    def list(self) -> list[Manifest]:
        """All published releases, oldest first."""
        return [self.get(name) for name in self._read_pointer().history]

    def get(self, release: str) -> Manifest:
        """The manifest of a published release.

        Raises:
            NotFoundError: It was never published.
            WorkspaceError: Its file cannot be read.
        """
        if release not in self._read_pointer().history:
            known = ", ".join(self._read_pointer().history) or "none yet"
            raise NotFoundError(f"There is no release {release!r}. Published: {known}. See `intentrec releases`.")
        try:
            return Manifest.model_validate_json(self._file(release).read_bytes())
        except (OSError, ValidationError) as error:
            raise WorkspaceError(f"The manifest {self._file(release)} cannot be read: {error}") from error

    def rollback(self, release: str) -> Manifest:
        """Make an earlier release the one that readers see; later ones stay listed."""
        manifest = self.get(release)
        pointer = self._read_pointer()
        self._move(pointer.model_copy(update={"release": release}))
        return manifest

    def restart(self, manifest: Manifest | None) -> None:
        """Forget all releases and publish `manifest` alone, where there is one: what an erasure needs."""
        files = list(self.root.glob("r*.json"))
        self._move(_Current())
        for file in files:
            file.unlink()
        if manifest is not None:
            self.publish(manifest)

    def _file(self, release: str) -> Path:
        return self.root / f"{release}.json"

    def _move(self, pointer: _Current) -> None:
        write_atomic(self._pointer, pointer.model_dump_json(indent=2).encode())

    def _read_pointer(self) -> _Current:
        try:
            return _Current.model_validate(orjson.loads(self._pointer.read_bytes()))
        except FileNotFoundError:
            return _Current()
        except (ValueError, ValidationError) as error:
            raise WorkspaceError(f"{self._pointer} is damaged ({error}). Restore it from a backup.") from error
