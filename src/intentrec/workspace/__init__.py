"""The only place that reads and writes stored tables and artefacts.

DIR/
  intentrec.toml            what the user wants
  tables/NAME/              Delta Lake tables; every write is a new version
  artefacts/NAME/DIGEST/    safetensors and JSON, named by their content
  releases/rNNNN.json       one manifest a release: the version of every table and artefact
  releases/current.json     which release readers see; moved by one atomic rename
  adapters/TASK/NAME/       what language models learned for one stage, each with its report
  adapters/current.json     which of them stages use; moved by one atomic rename
  encoder.json              which trained encoder near-line readers use
  runs/steps/               what finished steps produced, so that a killed run goes on where it stood
  ledger.sqlite             every call to a language model
  cache/                    text vectors; may be deleted at any time
"""

from intentrec.workspace.artefacts import ArtefactRef
from intentrec.workspace.deltas import TableRef
from intentrec.workspace.erase import EraseReceipt, erase_user
from intentrec.workspace.releases import Manifest
from intentrec.workspace.store import CONFIG_FILE, PATIENCE, Workspace

__all__ = [
    "CONFIG_FILE",
    "PATIENCE",
    "ArtefactRef",
    "EraseReceipt",
    "Manifest",
    "TableRef",
    "Workspace",
    "erase_user",
]
