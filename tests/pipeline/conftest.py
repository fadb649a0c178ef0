"""Fixtures of the pipeline: the small shop, and a scripted language model in place of a real one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from shop_world import Shop, fill, make_shop

from intentrec.llm import Ledger, LedgeredModel, LLMConfig
from intentrec.llm.backends.scripted import ScriptedBackend


@pytest.fixture(scope="session")
def shop() -> Shop:
    """The world; frames are immutable, so one serves all tests."""
    return make_shop()


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedBackend:
    """Puts a model that fills schemas in place of the one that the settings name; returns it to be looked at."""
    backend = ScriptedBackend(fill)
    use(backend, monkeypatch)
    return backend


def use(backend: ScriptedBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    def open_scripted(config: LLMConfig, ledger: Path) -> LedgeredModel:
        return LedgeredModel(backend, Ledger(ledger), config)

    monkeypatch.setattr("intentrec.pipeline.daily.open_model", open_scripted)


@pytest.fixture
def use_backend(monkeypatch: pytest.MonkeyPatch) -> Callable[[ScriptedBackend], None]:
    """Puts a given scripted model in place."""
    return lambda backend: use(backend, monkeypatch)
