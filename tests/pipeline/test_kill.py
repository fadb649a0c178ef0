"""kill -9 at many moments of a run, then again: the same release, and no call to a language model is made twice."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from intentrec.workspace import Workspace
from shop_world import Shop, open_shop

# One step of training is enough: what is looked at is what survives.
QUICK = {
    "llm": {"backend": "embedded", "concurrency": 1},
    "towers": {"epoch_examples": 100, "max_steps": 2, "validation_days": 0.0},
    "retrieval": {"beta": 0.7},
}
POINTS = 12


def run(folder: Path, log: Path, kill_at: int) -> "subprocess.CompletedProcess[str]":
    script = Path(__file__).with_name("killed_day.py")
    return subprocess.run(
        [sys.executable, str(script), str(folder), str(log), str(kill_at)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"},
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> tuple[Path, Path, dict[str, str], int]:
    """A folder as it is before the run, the log of an uninterrupted run, its content, and its number of moments."""
    root = tmp_path_factory.mktemp("kill")
    open_shop(root / "fresh", shop, settings=QUICK)
    shutil.copytree(root / "fresh", root / "whole")
    done = run(root / "whole", root / "whole.log", 0)
    assert done.returncode == 0, done.stderr
    return root / "fresh", root / "whole.log", Workspace(root / "whole").release().content(), int(done.stdout)


@pytest.mark.parametrize("point", range(POINTS))
def test_a_killed_run_goes_on_where_it_stood(
    whole: tuple[Path, Path, dict[str, str], int], tmp_path: Path, point: int
) -> None:
    fresh, whole_log, content, moments = whole
    folder, log = tmp_path / "shop", tmp_path / "log"
    shutil.copytree(fresh, folder)
    # Spread over the whole run, the very last moments (the release pointer moves) included.
    kill_at = moments - point // 2 if point % 2 else 1 + point * (moments - 1) // POINTS
    assert run(folder, log, kill_at).returncode == -signal.SIGKILL
    resumed = run(folder, log, 0)
    assert resumed.returncode == 0, resumed.stderr
    assert Workspace(folder).release().content() == content
    assert len(Workspace(folder).releases.list()) == 1
    assert sorted(log.read_text().split()) == sorted(whole_log.read_text().split())
