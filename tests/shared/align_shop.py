"""Adapters that need no training: folders with a card."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from intentrec.llm import AdapterBase, AdapterCard, AdapterData, write_card

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def an_adapter(folder: Path, name: str = "tags-1", task: Any = "tags", content: str = "", **changes: Any) -> Path:
    """A folder with a card, and a file that stands for weights."""
    folder.mkdir(parents=True)
    (folder / "adapter.gguf").write_text(content or name)
    values: dict[str, Any] = {
        "name": name, "task": task, "language": "en", "prompt_version": "tags/tuned.en@00000000", "method": "sft",
        "base": AdapterBase(model_id="tiny", weights="/weights", sha256="0" * 64), "settings": {}, "figures": {},
        "data": AdapterData(counts={"rules": 3}, sha256="1" * 64, as_of=NOON), "created_at": NOON,
    }  # fmt: skip
    write_card(folder, AdapterCard(**values | changes))
    return folder
