"""A real server while things go wrong: no wrong answer, no lost event, errors only as documented."""

import pytest

from benchmarks.serving.faults.__main__ import report
from benchmarks.serving.faults.acts import ACTS, Act, cut_power
from benchmarks.serving.faults.play import play


@pytest.mark.slow
def test_nothing_is_wrong_and_nothing_lost_while_things_go_wrong(tmp_path):
    acts = [act for act in ACTS if act.happens is not cut_power]  # a second start of everything takes too long here
    outcome = play(tmp_path, acts, seconds=0.2, pause=0.02, kills=1)
    told = report(outcome, acts)
    assert outcome.record.wrong == [], told
    assert outcome.stopped == 0
    assert outcome.record.acknowledged
    assert {source for _, source in outcome.record.sources} == {"stored", "live"}
    assert {release for release, _ in outcome.record.sources} == {"r0001", "r0002"}
    assert outcome.record.repeated > 0
    lines = [line for line in told.splitlines() if line.startswith("| ")]
    assert len(lines) == len(acts) + 2
    assert told.endswith("Nothing was wrong.")


def test_every_fault_says_what_it_allows():
    names = [act.name for act in ACTS]
    assert len(set(names)) == len(names)
    assert all(
        isinstance(act, Act) and not {500, 400, 404} & statuses for act in ACTS for statuses in act.allowed.values()
    )
