"""The keeper's process is there as long as the server is, and no longer."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from intentrec.serving import keeping
from intentrec.serving.keeping import KeeperProcess
from running_server import alive, until


@pytest.mark.slow
def test_a_keeper_that_dies_is_started_again_and_a_stop_ends_it(workspace, caplog):
    keeper = KeeperProcess(workspace.root, pause=0.001)
    keeper.start()
    try:
        first = keeper.pid
        os.kill(first, signal.SIGKILL)
        second = until(lambda: keeper.pid not in (None, first) and keeper.pid, "another keeper")
        until((workspace.root / "live" / "live.sqlite").exists, "its work")
    finally:
        keeper.stop()
    assert not alive(second)
    assert [record.message for record in caplog.records] == ["the keeper died and is started again"]


@pytest.mark.slow
def test_a_keeper_ends_when_its_parent_is_gone(workspace):
    code = (
        "import multiprocessing, os, sys; from pathlib import Path; from intentrec.serving.keeping import keep\n"
        "if __name__ == '__main__':\n"
        "    start = multiprocessing.get_context('spawn').Process\n"
        "    child = start(target=keep, args=(Path(sys.argv[1]), os.getpid())); child.start()\n"
        "    print(child.pid, flush=True); child.join()\n"
    )
    script = workspace.root / "parent.py"
    script.write_text(code)
    with subprocess.Popen(
        [sys.executable, str(script), str(workspace.root)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        until((workspace.root / "live" / "live.sqlite").exists, "its work")
        parent.kill()
    until(lambda: not alive(child), "the end of the keeper")


def test_a_keeper_does_its_rounds_until_it_is_told_to_stop(workspace, monkeypatch):
    from intentrec.serving import live

    handlers, rounds = {}, []

    class Keeper:
        def __init__(self, *given):
            self.given = given

        def run(self, stop):
            rounds.append(self.given[1])
            handlers[signal.SIGTERM]()
            assert stop.is_set()

    monkeypatch.setattr(signal, "signal", lambda number, act: handlers.update({number: act}))
    monkeypatch.setattr(keeping, "begin_operations", lambda *_: None)
    monkeypatch.setattr(live, "Keeper", Keeper)
    keeping.keep(workspace.root, os.getppid())
    assert len(rounds) == 1


def test_a_watch_sets_the_stop_where_the_parent_is_another(monkeypatch):
    monkeypatch.setattr(keeping, "_LOOK", 0.001)
    stop = threading.Event()
    keeping._watch(-1, stop)
    assert stop.is_set()


def test_operations_begin_with_traces_only_where_a_collector_is_named(monkeypatch):
    begun = []
    monkeypatch.setattr(keeping.logs, "begin", lambda level: begun.append(("logs", level)))
    monkeypatch.setattr(keeping.traces, "begin", lambda *given: begun.append(("traces", *given)))
    keeping.begin_operations("info", "", 1.0, "worker")
    keeping.begin_operations("debug", "http://127.0.0.1:4318", 0.5, "keeper")
    assert begun == [("logs", "info"), ("logs", "debug"), ("traces", "http://127.0.0.1:4318", "keeper", 0.5)]
