"""What a training depends on, as one hash: equal trainings are not run twice, checkpoints are not mixed up."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from intentrec.alignment.config import HOW_HERE, AlignmentConfig
from intentrec.llm.weights import file_sha256, find_weights

_OF_METHOD = {
    "sft": ("rate", "full_rate", "epochs"),
    "dpo": ("dpo_", "epochs"),
    "grpo": ("grpo_", "reward", "tau_", "shortest_words", "longest_words"),
}


def settings_of(method: str, config: AlignmentConfig) -> dict[str, object]:
    """The settings that decide what this method learns."""
    others = tuple(name for names in _OF_METHOD.values() for name in names)
    own = _OF_METHOD[method]
    values = config.model_dump(mode="json", exclude=set(HOW_HERE | {"method", "data"}))
    return {name: value for name, value in values.items() if name.startswith(own) or not name.startswith(others)}


def weights_sha256(where: str | Path) -> str:
    """Hash of the weights in a folder, a file or a package; of the name, where they are fetched by name."""
    folder = Path(where).expanduser()
    if folder.is_dir():
        files = sorted(folder.glob("*.safetensors"))
        return hashlib.sha256("".join(file_sha256(file) for file in files).encode()).hexdigest()
    if folder.is_file() or str(where).startswith("package:") or str(where).endswith(".gguf"):
        return find_weights(str(where)).sha256
    return hashlib.sha256(str(where).encode()).hexdigest()


def training_key(method: str, config: AlignmentConfig, base: str, start: Path | None, data: Iterable[object]) -> str:
    """Hash of all that a training depends on.

    Args:
        method: sft, dpo or grpo.
        config: Of which only what the method reads counts.
        base: Where the base weights are.
        start: Folder of the adapter that it goes on from.
        data: What it learns from, as JSON can hold it, in order.
    """
    hashed = hashlib.sha256()
    about = [method, settings_of(method, config), weights_sha256(base), weights_sha256(start) if start else ""]
    for part in (*about, *data):
        hashed.update(json.dumps(part, sort_keys=True).encode() + b"\n")
    return hashed.hexdigest()[:16]
