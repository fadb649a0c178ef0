"""Whether the judge may still be believed."""

from pathlib import Path

import pytest

from intentrec.errors import WorkspaceError
from intentrec.judge.config import JudgeConfig
from intentrec.judge.people import Pair
from intentrec.judge.state import Checked, JudgeState, checked_against, judge_state, store_state
from intentrec.workspace import Workspace

CONFIG = JudgeConfig(least_labels=4, recent_labels=8, least_kappa=0.4, least_accuracy=0.7)
KEY = ("tag", "relevance")


def pairs(*verdicts):
    """Of people and judge, the latest first."""
    return {KEY: [Pair(str(n), person, judge, 100.0 - n) for n, (person, judge) in enumerate(verdicts)]}


GOOD, BAD, MISSED, FALSE = (True, True), (False, False), (False, True), (True, False)


@pytest.mark.parametrize(
    ("verdicts", "stale"),
    [
        ([GOOD, GOOD, BAD, BAD], False),
        ([GOOD, GOOD, MISSED, MISSED], True),
        ([GOOD, GOOD, GOOD, FALSE], True),  # three of four alike, but no better than chance
        ([GOOD, GOOD, GOOD, GOOD], False),  # all alike: no kappa, full accuracy
        ([GOOD] * 5 + [BAD] * 3 + [MISSED] * 20, False),  # what is long ago does not count
        ([MISSED] * 4 + [GOOD] * 4 + [BAD] * 40, True),
    ],
)
def test_a_judge_that_disagrees_on_the_latest_labels_is_stale(verdicts, stale):
    checked = checked_against(pairs(*verdicts), CONFIG)
    assert [check.stale for check in checked] == [stale]
    assert checked[0].n == min(len(verdicts), 8)


def test_few_labels_say_nothing():
    assert checked_against(pairs(GOOD, MISSED, MISSED), CONFIG) == ()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "shop", "")


def test_what_was_found_is_kept(workspace):
    assert judge_state(workspace) == JudgeState()
    assert judge_state(workspace).standing == "unchecked"
    state = JudgeState(model="m", checked=checked_against(pairs(GOOD, GOOD, MISSED, MISSED), CONFIG))
    store_state(workspace, state)
    assert judge_state(workspace) == state
    assert state.standing == "stale"
    assert state.stale_for("tag")
    assert not state.stale_for("interest")
    assert "stale" in state.sentence()
    assert "tag relevance kappa 0.00, 50% alike of 4" in state.sentence()


def test_every_standing_has_its_sentence():
    check = Checked(task="tag", criterion="validity", n=9, accuracy=1.0, kappa=None, stale=False)
    trusted = JudgeState(model="none", checked=(check,))
    assert trusted.standing == "trusted"
    assert trusted.sentence() == "the judge (none) agrees with people: tag validity no kappa, 100% alike of 9"
    assert "has not been held against people" in JudgeState().sentence()


def test_a_damaged_file_is_named(workspace):
    (workspace.root / "judge.json").write_text("{", "utf-8")
    with pytest.raises(WorkspaceError, match=r"judge.json cannot be read"):
        judge_state(workspace)
