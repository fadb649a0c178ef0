"""What processes count is what any of them answers."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from intentrec.serving.operations import gathering, shared
from intentrec.serving.operations import metrics as module
from intentrec.serving.operations.instruments import INSTRUMENTS, table
from intentrec.serving.operations.metrics import Metrics, metrics
from intentrec.serving.operations.prometheus import MOST_SERIES, PrometheusMetrics

DAY = datetime(2026, 1, 1, tzinfo=UTC)
ROUTE = "/v1/users/{user_id}/recommendations"


def samples(counted: Metrics) -> dict[tuple[str, ...], float]:
    """Name and label values -> value, as Prometheus would read it."""
    body, kind = counted.exposition()
    assert kind.startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def everything(counted: Metrics) -> None:
    counted.process("worker")
    counted.requests(ROUTE, 200, 0.003)
    counted.answers("stored")
    counted.events(accepted=3, duplicates=2)
    counted.bundle("r0001", DAY, items=10, users=4, seconds=0.2)
    counted.keeper("drain", 0.5)
    counted.keeper("drain", 0.5, ok=False)
    counted.pending(7)
    counted.redis(True)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> PrometheusMetrics:
    monkeypatch.delenv(shared.FOLDER, raising=False)
    return PrometheusMetrics()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(shared.FOLDER, "")  # what `begin` sets is taken back afterwards
    return shared.begin(tmp_path / "counts")


def test_what_is_counted_is_shown(alone: PrometheusMetrics) -> None:
    everything(alone)
    found = samples(alone)
    assert found["intentrec_request_seconds_count", ROUTE, "200"] == 1
    assert found["intentrec_request_seconds_sum", ROUTE, "200"] == pytest.approx(0.003)
    assert found["intentrec_request_seconds_bucket", "0.0025", ROUTE, "200"] == 0
    assert found["intentrec_request_seconds_bucket", "0.005", ROUTE, "200"] == 1
    assert found["intentrec_answers_total", "stored"] == 1
    assert found["intentrec_events_total", "accepted"] == 3
    assert found["intentrec_events_total", "duplicate"] == 2
    assert ("intentrec_events_total", "refused") not in found
    assert found["intentrec_bundle_as_of_timestamp_seconds",] == DAY.timestamp()
    assert (found["intentrec_bundle_items",], found["intentrec_bundle_users",]) == (10, 4)
    assert found["intentrec_keeper_seconds_count", "drain", "failed"] == 1
    assert found["intentrec_keeper_done_timestamp_seconds", "drain"] > DAY.timestamp()
    assert found["intentrec_pending_rows",] == 7
    assert found["intentrec_redis_up",] == 1


def test_every_metric_is_in_the_list_and_has_a_unit_and_a_meaning(alone: PrometheusMetrics) -> None:
    everything(alone)
    families = {family.name: family for family in text_string_to_metric_families(alone.exposition()[0].decode())}
    shown = {name + "_total" * (family.type == "counter") for name, family in families.items()}
    assert shown == {each.name for each in INSTRUMENTS}
    for each in INSTRUMENTS:
        assert families[each.name.removesuffix("_total")].documentation == each.meaning
        assert each.meaning.endswith(".")
        assert each.name.endswith("_total") == (each.kind == "counter")
        assert f"| `{each.name}` | {each.kind} |" in table()


def test_a_gauge_that_nobody_set_is_not_shown(alone: PrometheusMetrics) -> None:
    alone.process("keeper")
    assert samples(alone) == {("intentrec_processes", "keeper"): 1}


def test_a_worker_answers_from_one_release_at_a_time(alone: PrometheusMetrics) -> None:
    for release in ("r0001", "r0002", "r0001"):
        alone.bundle(release, DAY)
        shown = {key: value for key, value in samples(alone).items() if key[0] == "intentrec_workers"}
        assert shown == {("intentrec_workers", release): 1}


def test_what_comes_from_outside_does_not_make_ever_more_series(alone: PrometheusMetrics) -> None:
    for n in range(3 * MOST_SERIES):
        alone.answers(f"channel:{n}")
    found = samples(alone)
    assert len(found) == MOST_SERIES + 1
    assert found["intentrec_answers_total", "other"] == 2 * MOST_SERIES


COUNTING = f"""
import sys
from datetime import UTC, datetime
from intentrec.serving.operations.metrics import metrics
counted = metrics()
counted.process("worker")
counted.requests("{ROUTE}", 200, 0.003)
counted.events(accepted=3)
counted.bundle(sys.argv[1], datetime.fromtimestamp(int(sys.argv[2]), UTC))
print("counted", flush=True)
sys.stdin.read()
"""


def worker(release: str, as_of: int) -> subprocess.Popen[str]:
    """Another process that counted something and waits."""
    made = subprocess.Popen(
        [sys.executable, "-c", COUNTING, release, str(as_of)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert made.stdout is not None
    assert made.stdout.readline() == "counted\n"
    return made


def end(process: subprocess.Popen[str], by: signal.Signals | None = None) -> None:
    if by is not None:
        process.send_signal(by)
    process.communicate(timeout=20)


def test_any_process_answers_for_all_and_for_those_that_were_killed(folder: Path) -> None:
    mine = PrometheusMetrics()
    one, two = worker("r0001", 100), worker("r0002", 200)
    found = samples(mine)
    assert found["intentrec_request_seconds_count", ROUTE, "200"] == 2
    assert found["intentrec_events_total", "accepted"] == 6
    assert found["intentrec_processes", "worker"] == 2
    assert found["intentrec_workers", "r0001"] == found["intentrec_workers", "r0002"] == 1
    assert found["intentrec_bundle_as_of_timestamp_seconds",] == 100
    end(one, signal.SIGKILL)
    three = worker("r0002", 200)
    for _ in range(2):  # the second time from the file of the dead
        found = samples(mine)
        assert found["intentrec_request_seconds_count", ROUTE, "200"] == 3
        assert found["intentrec_events_total", "accepted"] == 9
        assert found["intentrec_workers", "r0002"] == 2
        assert ("intentrec_workers", "r0001") not in found
        assert found["intentrec_bundle_as_of_timestamp_seconds",] == 200
    end(two)
    end(three)
    found = samples(mine)
    assert found["intentrec_events_total", "accepted"] == 9
    assert ("intentrec_processes", "worker") not in found
    assert sorted(file.name for file in folder.glob("*_dead.db")) == ["counter_dead.db", "histogram_dead.db"]
    assert not [file for file in folder.glob("*.db") if str(one.pid) in file.name]


def test_the_dead_are_read_one_by_one_while_there_is_no_space(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = PrometheusMetrics()
    end(worker("r0001", 100))

    def full(path: Path, size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gathering, "with_blocks", full)
    for _ in range(2):
        assert samples(mine)["intentrec_events_total", "accepted"] == 3
    assert not list(folder.glob("*_dead.db"))


def test_a_server_begins_anew_and_leaves_other_servers_alone(tmp_path: Path, folder: Path) -> None:
    root = folder.parent
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    other, old = root / str(os.getppid()), root / str(gone.pid)
    for each in (other, old):
        each.mkdir()
        (each / "counter_1.db").touch()
    (folder / "counter_1.db").touch()
    assert shared.begin(root) == folder
    assert sorted(root.iterdir()) == sorted([folder, other])
    assert not list(folder.iterdir())


def test_files_have_their_blocks_from_the_start(folder: Path) -> None:
    PrometheusMetrics()
    files = {file.name: file.stat() for file in folder.glob(f"*_{os.getpid()}.db")}
    assert {name.rsplit("_", 1)[0] for name in files} == {
        "counter", "histogram", "gauge_livesum", "gauge_livemin", "gauge_livemax"
    }  # fmt: skip
    assert all(stat.st_blocks * 512 >= stat.st_size > 0 for stat in files.values())


def test_the_process_has_one_object() -> None:
    assert metrics() is metrics()
    assert isinstance(metrics(), PrometheusMetrics)


def test_without_prometheus_client_nothing_is_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from intentrec.errors import MissingExtra

    def missing(name: str, purpose: str) -> None:
        raise MissingExtra(f"The package {name!r} is needed for {purpose}.")

    monkeypatch.setattr(module, "require", missing)
    none = metrics.__wrapped__()
    everything(none)
    assert none.exposition()[0] == b""
    assert "There are no metrics. The package 'prometheus_client' is needed for metrics." in caplog.text


def test_a_worker_that_finds_no_space_for_its_counts_goes_on_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(shared.FOLDER, str(tmp_path / "gone"))
    uncounted = metrics.__wrapped__()
    everything(uncounted)
    assert samples(uncounted) == {}
    assert "This process is not counted: No such file or directory." in caplog.text


def test_a_worker_that_is_not_counted_answers_for_the_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = worker("r0001", 100)

    def full(path: Path, size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shared, "with_blocks", full)
    uncounted = metrics.__wrapped__()
    everything(uncounted)
    found = samples(uncounted)
    assert found["intentrec_events_total", "accepted"] == 3
    assert found["intentrec_processes", "worker"] == 1
    end(other)


def test_another_owners_process_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(pid: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refused)
    assert shared.alive(1)
