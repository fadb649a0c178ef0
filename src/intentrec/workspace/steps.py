"""What finished steps produced, by the hash of all that went in: how a killed run goes on where it stood."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from intentrec.workspace.artefacts import ArtefactRef
from intentrec.workspace.deltas import TableRef
from intentrec.workspace.files import write_atomic


class StepRecord(BaseModel):
    """Tables, artefacts and counts of one finished step."""

    model_config = ConfigDict(frozen=True)

    step: str
    tables: dict[str, TableRef] = Field(default_factory=dict)
    artefacts: dict[str, ArtefactRef] = Field(default_factory=dict)
    counts: dict[str, int] = Field(default_factory=dict)
    facts: dict[str, Any] = Field(default_factory=dict)


class StepStore:
    """Records of finished steps under one folder, one small file each."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def get(self, fingerprint: str) -> StepRecord | None:
        """The record of a finished step; None when it has to be done (again)."""
        try:
            return StepRecord.model_validate_json(self._file(fingerprint).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def put(self, fingerprint: str, record: StepRecord) -> None:
        """Remember a finished step. Written after its outputs, so its existence means completion."""
        write_atomic(self._file(fingerprint), record.model_dump_json(indent=2).encode())

    def clear(self) -> None:
        """Forget all steps; the next run does them again (calls to language models stay in the ledger)."""
        for file in self.root.glob("*.json"):
            file.unlink()

    def _file(self, fingerprint: str) -> Path:
        return self.root / f"{fingerprint}.json"
