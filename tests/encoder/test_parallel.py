import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from encoder_world import PARALLEL, tiny, trained, untrained

HERE = Path(__file__).parent
SHARED = HERE.parent / "shared"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def started(rank, port, *arguments):
    common = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "GLOO_SOCKET_IFNAME": "lo"}
    own = {"RANK": str(rank), "LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(SHARED)}
    return subprocess.Popen(
        [sys.executable, str(HERE / "encoder_worker.py"), *map(str, arguments)],
        env={**os.environ, **common, **own},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def models(calm, llama):
    return dict(zip(PARALLEL, (calm, llama), strict=True))


@pytest.fixture(scope="module")
def together(models, tmp_path_factory):
    """Folder of what two processes came to."""
    out, port = tmp_path_factory.mktemp("together"), free_port()
    workers = [started(rank, port, out, *models.values()) for rank in range(2)]
    errors = [worker.communicate(timeout=300)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], errors
    return out


def stored(file):
    """Loss and recall of each epoch, and the weights."""
    with safe_open(file, framework="pt") as opened:
        about = opened.metadata()
        assert about["size"] == "2"
        figures = [tuple(map(float, epoch.split())) for epoch in about["figures"].split(",")]
        return figures, {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  (no mapping)


@pytest.mark.slow
@pytest.mark.parametrize("way", PARALLEL)
def test_two_processes_do_what_one_does(models, together, way):
    alone = trained(tiny(models[way], **PARALLEL[way]))
    parts = [stored(together / f"{way}-{rank}.safetensors") for rank in range(2)]
    for figures, _ in parts:
        np.testing.assert_allclose(figures, [(epoch.loss, epoch.recall) for epoch in alone.history], rtol=1e-3)
    for name, tensor in alone.opened.backbone.state_dict().items():
        assert torch.equal(parts[0][1][name], parts[1][1][name])
        # Where a gradient is zero but for rounding, Adam makes a step of it: compare the whole, not each number.
        assert (parts[0][1][name] - tensor).norm() <= 0.02 * tensor.norm() + 1e-4, name


@pytest.mark.slow
def test_what_the_model_does_not_use_stays_as_it_is(models, together):
    tensors = stored(together / "cached-0.safetensors")[1]
    before = untrained(tiny(models["cached"])).opened.backbone.state_dict()
    assert torch.equal(tensors["model.pooler.dense.weight"], before["model.pooler.dense.weight"])
