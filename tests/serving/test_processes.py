"""How the processes are put together, without starting them."""

import os
import signal

import granian
import pytest
from starlette.testclient import TestClient

from intentrec.config import load_config
from intentrec.errors import ConfigError, NotFoundError, WorkspaceError
from intentrec.serving import keeping, server, worker
from intentrec.serving.keys import Keys
from intentrec.serving.operations import logs, shared
from intentrec.workspace import Workspace
from serving_shop import LATER, copied


@pytest.fixture
def shop(released_shop, tmp_path):
    return copied(released_shop, tmp_path / "shop", "port = 0\nworkers = 3")


@pytest.fixture
def started(monkeypatch):
    """What granian would have been told: its arguments, hooks, and how the application is loaded."""
    told = {}

    class Granian:
        def __init__(self, target, **settings):
            told.update(settings)

        def on_startup(self, hook):
            told["startup"] = hook

        def on_shutdown(self, hook):
            told["shutdown"] = hook

        def serve(self, *, target_loader, wrap_loader):
            told.update(loader=target_loader, wrapped=wrap_loader)

    monkeypatch.setattr(granian, "Granian", Granian)
    monkeypatch.setattr(server.multiprocessing, "set_start_method", lambda name, force: told.update(method=name))
    monkeypatch.setattr(shared, "begin", lambda root: told.update(counts=root))
    return told


def test_workers_are_spawned_on_the_kept_port_and_the_keeper_goes_with_them(shop, started):
    ready = server.prepare(shop, load_config(shop.config_file))
    server.serve(ready)
    assert (started["port"], started["workers"]) == (ready.listening.port, 3)
    assert started["method"] == "spawn"
    assert started["respawn_failed_workers"]
    assert started["log_dictconfig"] == logs.settings("info")
    assert started["counts"] == shop.root / "metrics"
    assert started["startup"].__self__ is started["shutdown"].__self__
    assert isinstance(started["startup"].__self__, keeping.KeeperProcess)
    assert started["loader"].func is worker.load
    assert started["loader"].args == (shop.root, True, os.getpid())
    assert ready.listening.reservation.fileno() == -1


def test_a_server_that_others_can_reach_is_never_keyless(shop, started):
    config = load_config(shop.config_file)
    open_to_all = config.model_copy(update={"serving": config.serving.model_copy(update={"host": "0.0.0.0"})})
    with pytest.raises(ConfigError, match="no keys"):
        server.prepare(shop, open_to_all)
    Keys(shop.root / "keys.json").add("shop", ["read"], LATER)
    server.serve(server.prepare(shop, open_to_all))
    assert started["loader"].args[1] is False


def test_what_cannot_be_opened_gives_the_port_back(shop, tmp_path, monkeypatch):
    kept = []
    real = server.listen
    monkeypatch.setattr(server, "listen", lambda *given, **named: kept.append(real(*given, **named)) or kept[-1])
    config = load_config(shop.config_file)
    with pytest.raises(NotFoundError):
        server.prepare(Workspace.create(tmp_path / "empty", ""), config)
    (shop.root / "live").write_text("no folder")
    with pytest.raises(WorkspaceError):
        server.prepare(shop, config)
    assert [each.reservation.fileno() for each in kept] == [-1, -1]


def test_a_worker_loads_an_application_that_answers_and_closes_what_it_opened(shop, monkeypatch):
    begun = []
    monkeypatch.setattr(worker, "begin_operations", lambda *given: begun.append(given))
    app = worker.load(shop.root, True, os.getppid())
    assert begun == [("info", "", 1.0, "worker")]
    with TestClient(app, "http://127.0.0.1") as client:
        answer = client.get("/v1/users/user000/recommendations?k=3").json()
        assert (answer["source"], answer["n"]) == ("stored", 3)
    with pytest.raises(WorkspaceError):
        app.state.holder.store.data_version()


def test_a_worker_leaves_when_its_parent_is_gone(monkeypatch):
    sent = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    worker.leave(os.getppid())
    assert not sent
    worker.leave(-1)
    assert sent == [(os.getpid(), signal.SIGTERM)]
