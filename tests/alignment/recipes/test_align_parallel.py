import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from align_models import lessons, place, tiny
from intentrec.alignment.recipes import train_sft

HERE = Path(__file__).parent


def started(rank, port, *arguments):
    common = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "GLOO_SOCKET_IFNAME": "lo"}
    own = {"RANK": str(rank), "LOCAL_RANK": str(rank), "PYTHONPATH": str(HERE.parents[1] / "shared")}
    return subprocess.Popen(
        [sys.executable, str(HERE / "align_worker.py"), *map(str, arguments)], env={**os.environ, **common, **own},
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_two_processes_learn_what_one_does(base, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    workers = [started(rank, port, base, tmp_path) for rank in range(2)]
    errors = [worker.communicate(timeout=300)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], errors
    alone = train_sft(lessons(), base, tiny(batch_tokens=240, micro_tokens=128), place(tmp_path / "one"))
    found = load_file(tmp_path / "sft/out/adapter_model.safetensors")
    report = json.loads((tmp_path / "sft/out/training.json").read_text())
    assert report["figures"]["steps"] == alone.figures["steps"]
    assert report["judged"] == [[int(alone.figures["steps"]), 1.0]]
    for name, value in load_file(alone.folder / "adapter_model.safetensors").items():
        torch.testing.assert_close(found[name], value, atol=2e-3, rtol=0)
    assert (tmp_path / "dpo/out/adapter.gguf").exists()
