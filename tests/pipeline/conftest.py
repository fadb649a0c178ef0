"""Fixtures of the pipeline: the small shop, and a scripted language model in place of a real one."""

from collections.abc import Callable

import pytest

from intentrec.llm.backends.scripted import ScriptedBackend
from shop_world import Shop, fill, make_shop, opener


@pytest.fixture(scope="session")
def shop() -> Shop:
    """The world; frames are immutable, so one serves all tests."""
    return make_shop()


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedBackend:
    """Puts a model that fills schemas in place of the one that the settings name; returns it to be looked at."""
    backend = ScriptedBackend(fill)
    monkeypatch.setattr("intentrec.pipeline.daily.open_model", opener(backend))
    return backend


@pytest.fixture
def use_backend(monkeypatch: pytest.MonkeyPatch) -> Callable[[ScriptedBackend], None]:
    """Puts a given scripted model in place."""
    return lambda backend: monkeypatch.setattr("intentrec.pipeline.daily.open_model", opener(backend))
