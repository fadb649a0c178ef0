import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from intentrec.llm import Ledger, LedgeredModel, LLMConfig
from intentrec.llm.backends.scripted import ScriptedBackend
from llm_world import NOON


@pytest.fixture
def scripted() -> Iterator[Callable[..., LedgeredModel]]:
    """Builds models on a script; the ledger is in memory unless one is given."""
    opened = []

    def build(script: Any, ledger: Ledger | None = None, **settings: Any) -> LedgeredModel:
        backend = script if isinstance(script, ScriptedBackend) else ScriptedBackend(script)
        model = LedgeredModel(backend, ledger or Ledger(None), LLMConfig(**settings), clock=lambda: NOON)
        opened.append(model)
        return model

    yield build
    for model in opened:
        model.close()


@pytest.fixture(scope="session")
def write_lora() -> Callable[[Path, int, float], None]:
    """Writes an adapter of a Llama: file, width, strength."""
    return _write_lora


def _write_lora(path: Path, width: int, strength: float) -> None:
    """A rank-1 adapter for the query projection of block 0, in the GGUF layout (version 3, little endian)."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    strings = {"general.type": "adapter", "general.architecture": "llama", "adapter.type": "lora"}
    head = b"GGUF" + struct.pack("<IQQ", 3, 2, len(strings) + 1)
    head += b"".join(text(key) + struct.pack("<I", 8) + text(value) for key, value in strings.items())
    head += text("adapter.lora.alpha") + struct.pack("<If", 6, 1.0)
    size = 4 * width
    for n, (name, shape) in enumerate({"lora_a": (width, 1), "lora_b": (1, width)}.items()):
        head += text(f"blk.0.attn_q.weight.{name}") + struct.pack("<IQQIQ", 2, *shape, 0, n * size)
    head += b"\0" * (-len(head) % 32)
    values = [(strength if n % 2 else -strength) for n in range(width)]
    path.write_bytes(head + struct.pack(f"<{width}f", *values) * 2)
