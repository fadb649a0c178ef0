"""Lines of the report: who wrote, what passed, what can be corrected and what cannot."""

import pytest

from intentrec.judge.config import JudgeConfig
from intentrec.judge.criteria import criteria_of
from intentrec.judge.outcome import Outcome, Ruling
from intentrec.judge.people import Pair
from intentrec.pipeline.judge_rates import RateLine, rate_lines
from judge_world import tag

CONFIG = JudgeConfig(least_labels=10)
RELEVANCE = criteria_of("tag")[0]


def outcomes(writer: str, passed: int, n: int) -> list[Outcome]:
    verdicts = ["yes"] * passed + ["no"] * (n - passed)
    return [
        Outcome(tag(f"tea pot {place}", writer=writer), (Ruling(RELEVANCE, verdict, "model"),), "average")
        for place, verdict in enumerate(verdicts)
    ]


def line(lines: list[RateLine], criterion: str, writer: str) -> RateLine:
    return next(one for one in lines if (one.criterion, one.writer) == (criterion, writer))


def test_all_stands_for_everything_and_each_writer_for_its_own() -> None:
    judged = outcomes("none", 5, 10) + outcomes("m", 10, 10)
    lines = rate_lines("tag", judged, {"none": 300, "m": 100}, {}, CONFIG)
    everything = line(lines, "relevance", "all").judged
    assert everything is not None
    assert everything.value == pytest.approx(0.75 * 0.5 + 0.25 * 1.0)
    alone = line(lines, "relevance", "none").judged
    assert alone is not None
    assert alone.value == pytest.approx(0.5)


def test_one_writer_needs_no_line_of_its_own() -> None:
    lines = rate_lines("tag", outcomes("none", 5, 10), {"none": 300}, {}, CONFIG)
    assert {one.writer for one in lines} == {"all"}


def test_what_nobody_judged_has_no_rate() -> None:
    silent = [Outcome(tag(), (), "average")]
    found = line(rate_lines("tag", silent, {"m": 5}, {}, CONFIG), "relevance", "all")
    assert (found.judged, found.n, found.why_not) == (None, 0, "nothing was judged")
    assert line(rate_lines("tag", silent, {"m": 5}, {}, CONFIG), "grade", "all").judged is None


def test_enough_labels_of_both_kinds_correct_a_rate() -> None:
    pairs = [Pair(str(n), n < 20, n < 18 or n >= 36, float(n)) for n in range(40)]
    lines = rate_lines("tag", outcomes("none", 60, 80), {"none": 80}, {("tag", "relevance"): pairs}, CONFIG)
    found = line(lines, "relevance", "all")
    # The judge passes 18 of 20 good ones and fails 16 of 20 bad ones: (.75 + .8 - 1) / (.9 + .8 - 1).
    assert found.corrected is not None
    assert found.corrected.value == pytest.approx(0.55 / 0.7)
    assert found.why_not == ""
