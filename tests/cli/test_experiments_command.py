"""`intentrec experiments`, as a user meets it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from experiment_world import END, make_workspace

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("experiments") / "shop"
    return make_workspace(root, end=END.isoformat())[0].root  # over, so that the time of the test does not matter


def test_experiments_are_listed(cli: Cli, folder: Path) -> None:
    code, out, _ = cli("-w", folder, "experiments", "list")
    assert code == 0
    assert "control 50%, one 50%" in out
    assert "over, A/A" in out
    listed = json.loads(cli("-w", folder, "experiments", "list", "--json")[1])
    assert [(each["name"], each["phase"]) for each in listed] == [("beta", "over"), ("check", "over")]


def test_a_report_says_what_was_planted(cli: Cli, folder: Path) -> None:
    code, out, _ = cli("-w", folder, "experiments", "report", "beta")
    assert code == 0
    assert "beta: ship" in out
    assert "fits the shares" in out
    assert "Nothing is recorded for IPV, DT, ATC" in out
    told = json.loads(cli("-w", folder, "experiments", "report", "beta", "--json")[1])
    assert (told["verdict"], told["metrics"][0]["metric"]) == ("ship", "CTR")


def test_a_report_is_written_as_one_page(cli: Cli, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "beta.html"
    assert cli("-w", folder, "experiments", "report", "beta", "--html", file)[0] == 0
    page = file.read_text("utf-8")
    assert "Decision: ship" in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_an_unknown_experiment_is_an_error(cli: Cli, folder: Path) -> None:
    code, _, err = cli("-w", folder, "experiments", "report", "betta")
    assert code == 8
    assert "Known: beta, check" in err


def test_without_experiments_the_list_says_how_to_define_one(cli: Cli, tmp_path: Path) -> None:
    assert cli("init", tmp_path / "new")[0] == 0
    assert "[serving.experiments.NAME]" in cli("-w", tmp_path / "new", "experiments", "list")[1]
