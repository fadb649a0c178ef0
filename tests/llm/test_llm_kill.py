import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

CONCURRENCY = 4
CALLS = 40  # 30 requests, every third needs a repair


def run(tmp_path: Path, kill_at: int) -> "subprocess.CompletedProcess[str]":
    script = Path(__file__).with_name("killed_run.py")
    arguments = [str(tmp_path / "ledger.sqlite"), str(tmp_path / "log"), str(kill_at)]
    return subprocess.run([sys.executable, str(script), *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kill_at", [1, 6, 23, CALLS])
def test_a_killed_run_loses_at_most_the_calls_in_flight(tmp_path: Path, kill_at: int) -> None:
    assert run(tmp_path, kill_at).returncode == -signal.SIGKILL
    resumed = run(tmp_path, 0)
    assert resumed.stdout == f"{['tea'] * 30}\n"
    asked = Counter((tmp_path / "log").read_text().split())
    assert len(asked) == CALLS
    twice = [call for call, times in asked.items() if times == 2]
    assert len(twice) <= CONCURRENCY
    assert max(asked.values()) <= 2
