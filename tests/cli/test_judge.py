"""`intentrec judge` and the labels around it, as a user meets them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from intentrec.cli import common, show_judge
from intentrec.config import load_config
from intentrec.judge.guard import Caught
from intentrec.judge.state import JudgeState
from intentrec.pipeline.daily import RunOptions, run_day
from intentrec.pipeline.judging import JudgeReport
from intentrec.progress import SILENT
from intentrec.workspace import Workspace
from shop_world import NOW, make_shop, open_shop

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace, config = open_shop(tmp_path_factory.mktemp("judge") / "shop", make_shop(24))
    run_day(workspace, config, RunOptions(), now=lambda: NOW, progress=SILENT)
    return workspace.root


def test_rates_are_shown_with_intervals_and_say_that_nobody_checked_them(cli: Cli, folder: Path) -> None:
    code, out, _ = cli("-w", folder, "judge", "--sample", "10", "--task", "interests", "--task", "tag")
    assert code == 0
    assert "judged by rules alone" in out
    assert "no labels" in out
    assert "has not been held against people" in out
    assert "explanation" not in out
    told = json.loads(cli("-w", folder, "judge", "--sample", "10", "--json")[1])
    assert told["judged"] == {"interest": 10, "tag": 10, "explanation": 10}
    assert told["state"]["standing"] == "unchecked"


def test_an_unknown_task_is_named(cli: Cli, folder: Path) -> None:
    code, _, err = cli("-w", folder, "judge", "--task", "songs")
    assert code == 3
    assert "There is no task 'songs'" in err


def test_a_person_judges_and_the_judge_is_held_against_them(cli: Cli, folder: Path, tmp_path: Path) -> None:
    code, out, _ = cli("-w", folder, "labels", "next", "--rater", "ann", "--task", "tags")
    assert code == 0
    assert "intentrec labels add" in out
    assert "relevance" in out
    things = json.loads(cli("-w", folder, "labels", "next", "--rater", "ann", "--task", "tag", "-n", "12", "--json")[1])
    assert len(things) == 12
    assert "writer" not in things[0]
    for n, thing in enumerate(things):
        wrong = n % 2
        given = [("relevance", "no" if wrong else "yes"), ("specificity", "bad" if wrong else "good")]
        options = [part for name, verdict in given for part in ("--verdict", f"{name}={verdict}")]
        code, out, _ = cli("-w", folder, "labels", "add", thing["id"], "--rater", "ann", *options)
        assert code == 0
    assert "there are 24 labels now" in out
    code, _, err = cli("-w", folder, "labels", "judge")
    assert code == 4
    assert "Run `intentrec judge`" in err
    assert cli("-w", folder, "judge", "--sample", "5")[0] == 0
    code, out, _ = cli("-w", folder, "labels", "judge")
    assert code == 0
    assert "The judge (rules alone) against people" in out
    assert "is stale" in out
    code, out, _ = cli("-w", folder, "doctor")
    assert "people disagree with it" in out
    told = json.loads(cli("-w", folder, "labels", "judge", "--json")[1])
    assert {one["criterion"] for one in told["standings"]} == {"relevance", "specificity"}
    _files(cli, folder, tmp_path)


def _files(cli: Cli, folder: Path, tmp_path: Path) -> None:
    """Out and in again, and out as chats."""
    csv, chats = tmp_path / "labels.csv", tmp_path / "chats.jsonl"
    assert "Wrote 24 labels" in cli("-w", folder, "labels", "export", csv)[1]
    code, out, _ = cli("-w", folder, "labels", "import", csv)
    assert (code, "Took 24; there are 24 labels now" in out) == (0, True)
    code, out, _ = cli("-w", folder, "labels", "export", chats, "--chat", "--small")
    assert code == 0
    assert "tag relevance" in out
    lines = [json.loads(line) for line in chats.read_text("utf-8").splitlines()]
    assert len(lines) == 24
    assert {line["messages"][-1]["content"] for line in lines} == {'{"answer": "yes"}', '{"answer": "no"}'}


def test_an_interest_is_shown_once_by_name(cli: Cli, folder: Path) -> None:
    _, out, _ = cli("-w", folder, "labels", "next", "--rater", "ann", "--task", "interest")
    assert out.count("interest: ") == 1
    assert "(purchase)" in out
    _, out, _ = cli("-w", folder, "labels", "next", "--rater", "ann", "--task", "explanation")
    assert "title: " in out


def test_verdicts_must_be_pairs(cli: Cli, folder: Path) -> None:
    code, _, err = cli("-w", folder, "labels", "add", "abc", "--rater", "ann", "--verdict", "yes")
    assert code == 2
    assert "is not CRITERION=VERDICT" in err
    code, _, err = cli("-w", folder, "labels", "add", "abc", "--rater", "ann", "--verdict", "relevance=yes")
    assert code == 8
    assert "nothing 'abc' to judge" in err


def test_a_rater_who_has_judged_everything_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    show_judge.to_judge(common.out, [], "ann")
    assert "ann has judged everything" in capsys.readouterr().out


def test_nothing_can_be_judged_before_the_first_release(cli: Cli, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "bare", "")
    assert load_config(workspace.config_file).judge.mode == "auto"
    code, _, err = cli("-w", workspace.root, "judge")
    assert code == 8
    assert "Nothing is published" in err


def test_what_a_model_was_shown_to_test_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    report = JudgeReport(
        release="r0001", model="m", judged={}, rates=[], caught=[Caught("tag", "brand", 9, 8, 1)], faults={}, usage={},
        state=JudgeState(),
    )  # fmt: skip
    show_judge.report(common.out, report)
    out = capsys.readouterr().out
    assert "judged by rules and m" in out
    assert "8 of 9" in out
    assert "1 of 9" in out
