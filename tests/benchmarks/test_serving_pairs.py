"""Ratios are taken within pairs; a histogram holds every answer once."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import orjson
import pytest
from starlette.testclient import TestClient

from benchmarks.serving import pairs
from benchmarks.serving.bare import create_app
from benchmarks.serving.histogram import binned, picture, together
from benchmarks.serving.pairs import Pair, Round, in_turns, median_ratio, rounded
from benchmarks.serving.wrk import Load, Measured

LOAD = Load("/x", Path("users.txt"))


def measured(micros, counts, **more):
    values = {"requests": sum(counts), "seconds": 1.0, "n_bytes": 1, "failed": 0, "refused": 0} | more
    return Measured(**values, micros=np.array(micros), counts=np.array(counts))


def one(requests, cpu):
    return Round(measured([1000], [requests]), cpu)


def test_who_begins_changes_and_pairs_stay_together():
    calls = []

    def server(name, requests):
        return lambda seed: calls.append((name, seed)) or one(requests * (seed + 1), 1.0)

    found = in_turns(server("ours", 50), server("bare", 100), 3)
    assert calls == [("ours", 0), ("bare", 0), ("bare", 1), ("ours", 1), ("ours", 2), ("bare", 2)]
    assert [pair.ratio for pair in found] == [0.5] * 3


def test_the_ratio_is_the_median_by_processor_seconds():
    found = [Pair(one(100, 1.0), one(100, 1.0)), Pair(one(100, 2.0), one(100, 1.0)), Pair(one(60, 1.0), one(100, 1.0))]
    assert median_ratio(found) == 0.6


@pytest.mark.parametrize("trouble", [{"failed": 1}, {"refused": 1}, {"requests": 0}])
def test_a_round_with_failures_is_none(monkeypatch, trouble):
    served = SimpleNamespace(url="", log=Path("server.log"), cpu_seconds=lambda: 1.0)
    monkeypatch.setattr(pairs, "load", lambda url, wanted, seed: measured([1000], [5], **trouble))
    with pytest.raises(RuntimeError, match="server.log"):
        rounded(served, LOAD, 0)


def test_a_round_counts_what_the_server_spent_in_between(monkeypatch):
    clock = iter([2.0, 3.5])
    served = SimpleNamespace(url="", log=Path("server.log"), cpu_seconds=lambda: next(clock))
    monkeypatch.setattr(pairs, "load", lambda url, wanted, seed: measured([1000], [30]))
    assert rounded(served, LOAD, 0).per_cpu_second == 20


def test_stretches_of_the_same_load_are_one():
    both = together([measured([100, 300], [1, 2]), measured([100, 200], [3, 4], seconds=2.0)])
    assert both.micros.tolist() == [100, 200, 300]
    assert both.counts.tolist() == [4, 4, 2]
    assert (both.requests, both.seconds) == (10, 3.0)


def test_a_histogram_holds_every_answer_once():
    micros = np.unique(np.random.default_rng(0).integers(50, 100_000, 500))
    counts = np.arange(1, len(micros) + 1)
    edges, shares = binned(measured(micros, counts.tolist()))
    assert shares.sum() == pytest.approx(1.0)
    assert edges[0] <= micros.min() / 1000 <= micros.max() / 1000 <= edges[-1]
    inside = (micros / 1000 >= edges[3]) & (micros / 1000 < edges[4])
    assert shares[3] == pytest.approx(counts[inside].sum() / counts.sum())


def test_the_picture_shows_each_load(tmp_path):
    file = tmp_path / "times.svg"
    picture({"stored lists": measured([100, 200], [5, 5]), "live search": measured([1000], [1])}).save(file)
    text = file.read_text()
    assert "stored lists" in text
    assert "live search" in text
    assert "p99" in text


def test_the_bare_server_gives_each_list_in_turn(tmp_path):
    lists = [{"items": [n]} for n in range(2)]
    file = tmp_path / "lists.jsonl"
    file.write_bytes(b"\n".join(map(orjson.dumps, lists)))
    client = TestClient(create_app(file))
    assert [client.get("/v1/users/u/recommendations?k=50").json() for _ in range(3)] == [*lists, lists[0]]
