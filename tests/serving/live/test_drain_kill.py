"""kill -9 at many moments of a drain, then again: nothing is lost, nothing is stored twice."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from intentrec.config import load_config
from intentrec.serving.live import Exposure, Label, LiveItem, LiveState
from intentrec.serving.live.drain import Drain
from intentrec.serving.live.settle import settle
from intentrec.workspace import Workspace
from shop_world import make_shop, open_shop
from store_world import Clock, T, event, open_store

POINTS = 10


def drain(folder: Path, kill_at: int) -> "subprocess.CompletedProcess[str]":
    script = Path(__file__).with_name("killed_drain.py")
    return subprocess.run(
        [sys.executable, str(script), str(folder), str(kill_at)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"},
    )


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, dict[str, list[object]]]:
    """A workspace whose store holds something of everything; the moments of its drain, and what a whole one leaves."""
    root = tmp_path_factory.mktemp("drain")
    workspace, _ = open_shop(root / "fresh", make_shop(4))
    store = open_store(workspace.root / "live")
    store.put_items(
        [LiveItem(item_id="new", title="NEW TEA", boxes=3), LiveItem(item_id="odd", title="ODD", boxes="x")]
    )
    store.add_events([event(f"e{n}", item_id="new") for n in range(3)] + [event("bad", item_id="nowhere")])
    store.add_labels([Label(task="t", subject="s", criterion="c", verdict="v", rater="r", at=T)])
    store.add_exposures([Exposure(experiment="e", arm="a", user_id="ann", timestamp=T, release="r")])
    store.close()
    shutil.copytree(root / "fresh", root / "whole")
    done = drain(root / "whole", 0)
    assert done.returncode == 0, done.stderr
    return root / "fresh", int(done.stdout), content(root / "whole")


def content(folder: Path) -> dict[str, list[object]]:
    workspace = Workspace(folder)
    names = ("items", "events", "quarantine", "labels", "exposures")
    return {name: sorted(map(repr, workspace.read(name).rows())) for name in names}


@pytest.mark.parametrize("point", range(POINTS))
def test_a_killed_drain_goes_on_where_it_stood(
    waiting: tuple[Path, int, dict[str, list[object]]], tmp_path: Path, point: int
) -> None:
    fresh, moments, whole = waiting
    folder = shutil.copytree(fresh, tmp_path / "shop")
    kill_at = 1 + point * (moments - 1) // (POINTS - 1)
    assert drain(folder, kill_at).returncode == -signal.SIGKILL
    workspace, store = Workspace(folder), open_store(folder / "live")
    settle(workspace, store, T)
    in_table = set(workspace.read("events").to_dict(as_series=False).get("event_id", [])) - {None}
    outside = store.read("SELECT event_id FROM events WHERE row IS NULL AND state < 2")
    assert {event_id for (event_id,) in outside}.isdisjoint(in_table)  # a release now would count each once
    Drain(workspace, load_config(workspace.config_file), store, Clock()).run()
    assert (store.waiting(), len(LiveState(store).events("ann"))) == (0, 3)
    store.close()
    assert content(folder) == whole
