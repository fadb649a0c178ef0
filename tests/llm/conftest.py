from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from intentrec.llm import Ledger, LedgeredModel, LLMConfig
from intentrec.llm.backends.scripted import ScriptedBackend
from llm_world import NOON
from llm_world import write_lora as _write


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
    return _write
