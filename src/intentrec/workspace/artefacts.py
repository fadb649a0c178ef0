"""Artefacts: folders of safetensors and JSON files, named by the hash of their content."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from intentrec.errors import WorkspaceError
from intentrec.workspace.files import disk_errors, sync_folder


class ArtefactRef(BaseModel):
    """One stored artefact; `digest` is the hash of its files."""

    model_config = ConfigDict(frozen=True)

    name: str
    digest: str


class ArtefactStore:
    """Reads and writes the artefacts under one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, save: Callable[[Path], None]) -> ArtefactRef:
        """Keep what `save` writes into the empty folder it is given.

        Raises:
            WorkspaceError: The disk is full or cannot be written.
        """
        home = self.root / name
        with disk_errors(home):
            home.mkdir(parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=home))
            try:
                save(draft)
                digest = folder_digest(draft)
                target = home / digest
                if not target.exists():
                    for entry in draft.rglob("*"):
                        _sync(entry)
                    draft.rename(target)
                    sync_folder(home)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        return ArtefactRef(name=name, digest=digest)

    def path(self, ref: ArtefactRef) -> Path:
        """The folder of an artefact.

        Raises:
            WorkspaceError: It is not there any more.
        """
        folder = self.root / ref.name / ref.digest
        if not folder.is_dir():
            raise WorkspaceError(f"Artefact {ref.name!r} is missing at {folder}. Run `intentrec run` to make it again.")
        return folder


def folder_digest(folder: Path) -> str:
    """Hash over names and bytes of all files, in name order; 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            digest.update(f"{file.relative_to(folder)}:{file.stat().st_size}\n".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _sync(entry: Path) -> None:
    if entry.is_dir():
        sync_folder(entry)
        return
    with entry.open("rb") as opened:
        os.fsync(opened.fileno())
