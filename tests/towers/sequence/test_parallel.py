import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from parallel_worker import result
from safetensors import safe_open

from intentrec.learning.parallel import first_says, joined, share, summed

HERE = Path(__file__).parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_one_process_needs_no_group():
    tensor = torch.ones(2)
    summed([tensor])
    assert tensor.tolist() == [1, 1]
    assert (share(), first_says(0.5, "cpu")) == ((0, 1), 0.5)
    with joined("cpu") as device:
        assert device == "cpu"


@pytest.mark.slow
def test_two_processes_do_what_one_does(tmp_path):
    common = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "GLOO_SOCKET_IFNAME": "lo"}
    workers = [
        subprocess.Popen(
            [sys.executable, str(HERE / "parallel_worker.py"), str(tmp_path)],
            env={**os.environ, **common, "RANK": str(rank), "LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    alone = result()
    errors = [worker.communicate(timeout=300)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], errors
    tensors = []
    for rank in range(2):
        with safe_open(tmp_path / f"{rank}.safetensors", framework="pt") as opened:
            about = opened.metadata()
            assert about["size"] == "2"
            losses = [float(loss) for loss in about["losses"].split(",")]
            np.testing.assert_allclose(losses, [epoch.loss for epoch in alone.history], rtol=1e-4)
            tensors.append({name: opened.get_tensor(name) for name in opened.keys()})  # noqa: SIM118
    for name, tensor in alone.tensors().items():
        assert torch.equal(tensors[0][name], tensors[1][name])
        # Where a gradient is zero but for rounding, Adam makes a step of it: compare the whole, not each number.
        assert (tensors[0][name] - tensor).norm() < 0.02 * tensor.norm(), name
