"""Adapters of stages: a folder with what was learned, and a card that says of what, for what and how well.

FOLDER/
  adapter_model.safetensors   the LoRA as peft writes it
  adapter_config.json         its shape
  adapter.gguf                the same for llama.cpp
  card.json                   written last: a folder without one is not finished
"""

import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from intentrec.errors import ConfigError
from intentrec.llm.config import Stage
from intentrec.llm.weights import file_sha256, package_folder
from intentrec.settings import Section

CARD = "card.json"
TORCH_WEIGHTS, TORCH_CONFIG, GGUF = "adapter_model.safetensors", "adapter_config.json", "adapter.gguf"
FILES = (TORCH_WEIGHTS, TORCH_CONFIG, GGUF)
_PACKAGE = "package:"


class AdapterBase(Section):
    """The model beneath an adapter."""

    model_id: str
    """Its name."""
    weights: str
    """As in `llm.weights`."""
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    """Hash of the weights (`Weights.sha256`)."""


class AdapterData(Section):
    """What an adapter learned from."""

    counts: dict[str, int]
    """Samples by source."""
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    """Hash of the samples."""
    as_of: datetime
    """Nothing later was seen."""


class AdapterCard(Section):
    """What stands in `card.json`."""

    format: Literal[1] = 1
    """Of the card."""
    name: str = Field(min_length=1)
    """What people call it."""
    task: Stage
    """The stage it was aligned for."""
    language: str
    """Language of the prompt and the answers."""
    base: AdapterBase
    """The model beneath."""
    prompt_version: str
    """`Prompt.version` of the short prompt that it learned: it understands no other."""
    method: Literal["sft", "dpo", "grpo"]
    """How it was trained last."""
    settings: dict[str, Any]
    """Settings of the training."""
    data: AdapterData
    """What it learned from."""
    figures: dict[str, float]
    """What was measured, by name."""
    files: dict[str, str] = Field(default_factory=dict)
    """sha256 of each file; `write_card` fills it in."""
    parent: str = ""
    """Name of the adapter that the training began with; "" if none."""
    created_at: datetime
    """When the training ended."""

    @property
    def digest(self) -> str:
        """Hash of the files: two adapters with the same one answer alike."""
        told = "\n".join(f"{name} {sha256}" for name, sha256 in sorted(self.files.items()))
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True)
class AdapterFolder:
    """An adapter whose files were found and are whole."""

    folder: Path
    card: AdapterCard

    def file(self, name: str) -> Path:
        """One of `FILES`.

        Raises:
            ConfigError: The adapter was written without it.
        """
        if name not in self.card.files:
            raise ConfigError(
                f"The adapter {self.folder} has no {name}, which this llm.backend needs. Align anew, "
                "or choose another backend."
            )
        return self.folder / name


def write_card(folder: Path, card: AdapterCard) -> AdapterCard:
    """Write the card, with the hashes of the files that lie in the folder; the card as it was written.

    Raises:
        ConfigError: The folder holds no adapter.
    """
    files = {name: file_sha256(folder / name) for name in FILES if (folder / name).is_file()}
    if not files:
        raise ConfigError(f"{folder} holds none of {', '.join(FILES)}: there is no adapter to write a card for.")
    whole = card.model_copy(update={"files": files})
    unfinished = folder / f"{CARD}.tmp"
    unfinished.write_text(whole.model_dump_json(indent=2) + "\n", encoding="utf-8")
    os.replace(unfinished, folder / CARD)
    return whole


def read_card(folder: Path) -> AdapterCard:
    """The card of an adapter.

    Raises:
        ConfigError: There is no folder or no card, or the card cannot be read.
    """
    if not folder.is_dir():
        raise ConfigError(f"There is no adapter folder {str(folder)!r}. `intentrec align` writes one.")
    file = folder / CARD
    if not file.is_file():
        raise ConfigError(
            f"{str(folder)!r} has no {CARD}: it is no adapter, or its training was not finished. Run `intentrec align`."
        )
    try:
        return AdapterCard.model_validate_json(file.read_bytes())
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigError(f"{file} is not a card that this intentrec can read: {where}: {first['msg']}.") from wrong


def open_adapter(where: str, workspace_root: Path) -> AdapterFolder:
    """The adapter that a setting names, with every file checked against its card.

    Args:
        where: A folder, absolute or relative to the workspace, or `package:NAME/sub`.
        workspace_root: The folder of `intentrec.toml`.

    Raises:
        ConfigError: There is no such folder, it has no card, or a file is missing or damaged.
    """
    folder = _folder(where, workspace_root)
    card = read_card(folder)
    for name, sha256 in card.files.items():
        file = folder / name
        if not file.is_file() or file_sha256(file) != sha256:
            state = "missing" if not file.is_file() else "not the file that its card names"
            raise ConfigError(f"{file} is {state}: the adapter is damaged. Copy it again, or align anew.")
    return AdapterFolder(folder, card)


def _folder(where: str, workspace_root: Path) -> Path:
    if not where.startswith(_PACKAGE):
        return workspace_root / Path(where).expanduser()
    package, _, inside = where.removeprefix(_PACKAGE).partition("/")
    home = package_folder(package)
    if home is None:
        raise ConfigError(f"The package {package!r}, which an adapter is to come from ({where!r}), is not installed.")
    return home / inside
