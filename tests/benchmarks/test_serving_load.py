"""What is printed follows from what was measured."""

import numpy as np
import pytest

from benchmarks.serving import opening
from benchmarks.serving.pairs import Pair, Round
from benchmarks.serving.synthetic import World, make
from benchmarks.serving.tables import LIVE, Live, live_table, pair_table, said
from benchmarks.serving.wrk import Measured


def one(requests, cpu, micros=(1000, 2000), seconds=2.0):
    counts = np.array([requests - requests // 100, requests // 100])
    return Round(Measured(requests, seconds, 10 * requests, 0, 0, np.array(micros), counts), cpu)


def test_a_table_of_pairs_says_the_median_ratio_and_whether_it_is_enough():
    pairs = [
        Pair(one(600, 1.0), one(1000, 1.0)),
        Pair(one(400, 1.0), one(1000, 1.0)),
        Pair(one(500, 1.0), one(800, 1.0)),
    ]
    text = pair_table("stored lists", pairs, 16)
    assert "| intentrec, with a key | 500 | 250 | 10 |" in text
    assert "| bare Starlette and orjson | 1,000 | 500 | 10 |" in text
    assert "Ratio by processor seconds 0.60, median of 3 pairs (0.60, 0.40, 0.62); at least 0.5: holds." in text
    assert "at least 0.5: fails" in pair_table("x", pairs[1:2], 16)


@pytest.mark.parametrize(("micros", "held"), [((1000, 4000), "holds"), ((1000, 6000), "fails")])
def test_live_search_is_held_against_its_tail(micros, held):
    below = Round(Measured(100, 2.0, 1, 0, 0, np.array(micros), np.array([90, 10])), 1.0)
    text = live_table(Live([one(200, 1.0)], [below], (4, 32)))
    assert LIVE in text
    assert "100 lists a second, 5.00 ms of a processor each" in text
    assert "50 lists a second (50% of that)" in text
    assert f"below 5: {held}" in text


def test_percentiles_in_words():
    assert said(one(1000, 1.0).measured) == "p50 1.00 ms, p90 1.00 ms, p99 1.00 ms, p99.9 2.00 ms"


def test_a_bundle_is_opened_in_a_fresh_process(tmp_path):
    bundle = make(tmp_path / "shop", World(2000, 20, 50, 8, 0))
    for cold in (True, False):
        tries = opening.measured(bundle, cold=cold)
        assert 0 < tries.opened < 60
        assert tries.first > 0
