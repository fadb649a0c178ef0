from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from intentrec.errors import WorkspaceError
from intentrec.serving.experiments import exposures
from intentrec.serving.experiments.exposures import ExposureLog
from intentrec.serving.live.models import Exposure

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)


class Store:
    """Takes exposures, unless it is told to fail."""

    def __init__(self):
        self.rows = []
        self.broken = False
        self.written = Event()

    def add(self, rows):
        if self.broken:
            raise WorkspaceError("The disk is full.")
        self.rows += rows
        self.written.set()


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def log(store):
    return ExposureLog(store.add)


def add(log, user="u", at=NOW, experiment="e", arm="a"):
    log.add(experiment, arm, user, at, "req", "r0001")


def test_nothing_is_written_before_the_flush_and_everything_by_it(log, store):
    add(log)
    assert store.rows == []
    assert log.flush() == 1
    assert store.rows == [
        Exposure(experiment="e", arm="a", user_id="u", timestamp=NOW, request_id="req", release="r0001")
    ]
    assert log.flush() == 0


def test_one_exposure_a_user_experiment_and_day_is_kept(log):
    for _ in range(3):
        add(log)
    add(log, experiment="f")
    add(log, user="v")
    assert log.flush() == 3
    add(log, at=NOW + timedelta(hours=13, minutes=59))
    assert log.flush() == 0
    add(log, at=NOW + timedelta(hours=14))
    assert log.flush() == 1


def test_what_cannot_be_written_is_written_later_and_first(log, store, caplog):
    store.broken = True
    add(log)
    assert log.flush() == 0
    assert "The disk is full." in caplog.text
    store.broken = False
    add(log, user="v")
    assert log.flush() == 2
    assert [row.user_id for row in store.rows] == ["u", "v"]
    assert log.lost == 0


def test_exposures_beyond_what_can_wait_are_counted_as_lost(log, store, monkeypatch):
    monkeypatch.setattr(exposures, "_WAITING", 2)
    store.broken = True
    for user in "uvw":
        add(log, user=user)
    assert log.lost == 1
    log.flush()
    store.broken = False
    assert log.flush() == 2


def test_what_is_no_row_of_the_table_is_counted_as_lost_and_holds_up_nobody(log, store):
    add(log, user="x" * 501)
    add(log)
    assert (log.flush(), log.lost) == (1, 1)


def test_memory_stays_bounded(log, store, monkeypatch):
    monkeypatch.setattr(exposures, "_REMEMBERED", 2)
    for user in "uvwu":
        add(log, user=user)
    assert log.flush() == 4  # the first user was forgotten and written twice


def test_users_who_were_erased_since_are_not_written(store):
    log = ExposureLog(store.add, erased={"u"}.__contains__)
    add(log)
    add(log, user="v")
    log.flush()
    assert [row.user_id for row in store.rows] == ["v"]


def test_its_thread_writes_by_itself_and_closing_writes_the_rest(log, store, monkeypatch):
    monkeypatch.setattr(exposures, "FLUSH_SECONDS", 0.01)
    log.start()
    log.start()  # a second time changes nothing
    add(log)
    assert store.written.wait(10)
    monkeypatch.setattr(exposures, "FLUSH_SECONDS", 100)
    add(log, user="v")
    log.close()
    assert [row.user_id for row in store.rows] == ["u", "v"]


def test_closing_without_a_thread_writes_what_is_left(log, store):
    add(log)
    log.close()
    assert len(store.rows) == 1
