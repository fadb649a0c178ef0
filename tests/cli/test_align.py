"""`intentrec align` as a user meets it."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from align_shop import NOON, an_adapter, few, save_writer, ship
from intentrec.alignment.gate import Compared, Decision
from intentrec.cli import common, show_align
from intentrec.pipeline.align_report import AlignReport, Step
from intentrec.pipeline.align_shelf import Shelf
from intentrec.workspace import Workspace
from shop_world import make_shop, open_shop

Cli = Callable[..., tuple[int, str, str]]


def a_report(**changes: Any) -> AlignReport:
    compared = Compared("pass rate", 30, 0.8, 0.6, 0.2, 0.1, 0.3, holds=True)
    values: dict[str, Any] = {
        "task": "tags", "name": "tags-1", "folder": "adapters/tags/tags-1", "method": "sft", "model": "tiny",
        "prompt_version": "p@1", "as_of": NOON, "at": NOON, "judge": "none", "caught": (),
        "questions": {"trained on": 9, "held out": 4}, "judged": {"rules: passed": 8}, "against": "tiny, choosing",
        "steps": (Step(method="sft", name="tags-1", trained=True, samples={"rules": 8}, figures={"loss": 0.5}),),
        "figures": {"new": {"pass rate": 0.8, "HR@30": 0.5}, "tiny, choosing": {"pass rate": 0.6}},
        "decision": Decision(True, (compared,), ()), "published": True, "notes": ("Judged by rules alone.",),
    }  # fmt: skip
    return AlignReport(**values | changes)


def shown(capsys: pytest.CaptureFixture[str], report: AlignReport) -> str:
    show_align.report(common.out, report)
    return " ".join(capsys.readouterr().out.split())


def test_a_published_adapter_is_told_with_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, a_report())
    assert "rules: passed" in text
    assert "trained" in text
    assert "pass rate 0.800 against 0.600: difference +0.200 [+0.100, +0.300] over 30 users." in text
    assert "Judged by rules alone." in text
    assert "Published tags-1: tags uses it from now on (adapters/tags/tags-1)." in text


def test_one_that_is_only_measured_and_one_that_is_refused_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert "would be accepted; it lies at adapters/tags/tags-1" in shown(capsys, a_report(published=False))
    refused = a_report(published=False, decision=Decision(False, (), ("pass rate is worse.",)))
    assert "Refused tags-1, held against tiny, choosing: pass rate is worse." in shown(capsys, refused)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("align")
    weights = save_writer(home / "writer")
    return open_shop(home / "shop", make_shop(24), settings=few(weights))[0].root


@pytest.mark.slow
def test_the_whole_way_by_one_command(cli: Cli, folder: Path) -> None:
    code, out, _ = cli("-w", folder, "align", "--task", "tag", "--questions", "4", "--no-publish", "--json")
    assert code == 0
    told = json.loads(out)
    assert told["task"] == "tags"
    assert told["decision"]["accepted"]
    assert not told["published"]
    code, out, _ = cli("-w", folder, "align", "status")
    assert code == 0
    assert told["name"] in out
    assert "accepted" in out


def test_a_dry_run_asks_and_trains_nothing(cli: Cli, folder: Path) -> None:
    code, out, _ = cli("-w", folder, "align", "--task", "tags", "--dry-run", "--rounds", "2")
    assert code == 0
    assert "nothing was asked or trained" in out
    assert "Each of 2 round(s) of self-training trains anew" in out
    assert "GB of memory" in out
    code, out, _ = cli(
        "-w", folder, "align", "--task", "tags", "--dry-run", "--method", "dpo", "--rounds", "1", "--json",
        "--teacher", "http://127.0.0.1:9/v1", "--teacher-model", "big",
    )  # fmt: skip
    told = json.loads(out)
    assert told["asked"]["calls"] > 0
    assert "dpo comes on top of this first training." in told["notes"]


def test_training_data_is_made_and_written(cli: Cli, folder: Path, tmp_path: Path) -> None:
    chats, pairs = tmp_path / "chats.jsonl", tmp_path / "pairs.jsonl"
    code, out, _ = cli(
        "-w", folder, "align", "data", "--task", "interests", "--no-judge", "--as-of", "2024-04-01",
        "--chats", chats, "--pairs", pairs,
    )  # fmt: skip
    assert code == 0
    assert "rules" in out
    lines = [json.loads(line) for line in chats.read_text("utf-8").splitlines()]
    assert lines
    assert lines[0]["messages"][-1]["role"] == "assistant"
    assert f"Wrote {len(lines)} lines to" in out
    assert pairs.read_text("utf-8") == ""


def test_the_base_is_written_for_servers_and_its_folder_can_be_pinned(cli: Cli, folder: Path, tmp_path: Path) -> None:
    from intentrec.llm.torch_weights import find_torch_weights

    code, out, _ = cli("-w", folder, "align", "base", tmp_path / "base", "--json")
    assert code == 0
    told = json.loads(out)
    assert find_torch_weights(told["folder"], told["sha256"]).path == tmp_path / "base"
    code, _, err = cli("-w", folder, "align", "base", tmp_path / "base")
    assert code == 2
    assert "name a new folder" in " ".join(err.split())
    code, out, _ = cli("-w", folder, "align", "base", tmp_path / "other")
    assert (code, f'base_sha256 = "{told["sha256"]}"' in out) == (0, True)


def test_what_is_typed_wrong_is_said(cli: Cli, folder: Path) -> None:
    code, _, err = cli("-w", folder, "align", "--no-publish")
    assert code == 2
    assert "Name a task" in err
    code, _, err = cli("-w", folder, "align", "--task", "songs")
    assert code == 3
    assert "There is no task 'songs'" in err
    code, _, err = cli("-w", folder, "align", "--task", "tags", "--method", "magic")
    assert code == 3
    assert "the options: setting 'alignment.method' is 'magic'" in err


@pytest.mark.usefixtures("package")
def test_adapters_are_listed_and_taken_back(cli: Cli, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "shop", '[llm.adapters.interests]\npath = "mine"\n')
    code, out, _ = cli("-w", workspace.root, "align", "status")
    assert (code, "There are no adapters yet" in out) == (0, True)
    shelf = Shelf(workspace)
    for n, name in enumerate(("tags-1", "tags-2", "tags-3")):
        shelf.put("tags", name, an_adapter(tmp_path / name, name, created_at=NOON + timedelta(days=n)))
    shelf.publish("tags", "tags-1")
    shelf.write_report("tags", "tags-2", a_report(name="tags-2").model_dump(mode="json"))
    refused = a_report(name="tags-3", decision=Decision(False, (), ("pass rate is worse.",)))
    shelf.write_report("tags", "tags-3", refused.model_dump(mode="json"))
    shelf.put("interests", "own", an_adapter(tmp_path / "own", "own", "interests"))
    shelf.publish("interests", "own")
    told = json.loads(cli("-w", workspace.root, "align", "status", "--json")[1])
    assert {(one["name"], one["standing"], one["overruled"]) for one in told} == {
        ("own", "in use", True), ("tags-1", "in use", False), ("tags-2", "accepted", False),
        ("tags-3", "refused", False),
    }  # fmt: skip
    out = cli("-w", workspace.root, "align", "status")[1]
    assert "tags-3: pass rate is worse." in out
    assert "Overruled: [llm.adapters] in intentrec.toml" in out
    assert "tags now uses no adapter." in cli("-w", workspace.root, "align", "rollback", "--task", "tags")[1]
    told = json.loads(cli("-w", workspace.root, "align", "status", "--json")[1])
    assert next(one for one in told if one["name"] == "tags-1")["standing"] == "not measured"
    code, _, err = cli("-w", workspace.root, "align", "rollback", "--task", "tags")
    assert (code, "there is nothing to go back from" in err) == (8, True)
    shelf.publish("tags", "tags-1")
    shelf.publish("tags", "tags-2")
    out = cli("-w", workspace.root, "align", "rollback", "--task", "tag")[1]
    assert "tags now uses tags-1, published by `intentrec align`." in out


def test_a_shipped_adapter_is_listed_and_can_be_done_without(cli: Cli, tmp_path: Path, package: Path) -> None:
    workspace = Workspace.create(tmp_path / "shop", '[llm]\nbackend = "embedded"\n[interests]\nmode = "cluster"\n')
    for stage in ("interests", "tags"):
        ship(package, stage, figures={"pass rate": 0.75, "loss": 0.5})
    interests, tags = json.loads(cli("-w", workspace.root, "align", "status", "--json")[1])
    assert (tags["standing"], tags["shipped"], tags["folder"], tags["figures"]) == (
        "in use", True, "package:intentrec_smollm2/tags-en", {"pass rate": 0.75},
    )  # fmt: skip
    assert (interests["standing"], interests["refusals"]) == ("not used", ["interests.mode is 'cluster'"])
    out = cli("-w", workspace.root, "align", "status")[1]
    assert "tags-shipped: package:intentrec_smollm2/tags-en; to do without it, set llm.shipped_adapters = false." in out
    assert "interests-shipped: interests.mode is 'cluster'" in out
    code, _, err = cli("-w", workspace.root, "align", "rollback", "--task", "tags")
    assert code == 8
    assert "To do without it, set llm.shipped_adapters = false." in " ".join(err.split())


def test_what_was_published_is_gone_back_from_to_what_is_shipped(cli: Cli, tmp_path: Path, package: Path) -> None:
    workspace = Workspace.create(tmp_path / "shop", '[llm]\nbackend = "embedded"\n')
    ship(package, "tags")
    Shelf(workspace).put("tags", "tags-1", an_adapter(tmp_path / "tags-1"))
    Shelf(workspace).publish("tags", "tags-1")
    shipped, own = json.loads(cli("-w", workspace.root, "align", "status", "--json")[1])
    assert (own["standing"], shipped["standing"]) == ("in use", "not used")
    assert shipped["refusals"] == ["tags uses tags-1, published by `intentrec align`"]
    out = cli("-w", workspace.root, "align", "rollback", "--task", "tags")[1]
    assert "tags now uses package:intentrec_smollm2/tags-en, which intentrec-smollm2 brings" in out
    assert json.loads(cli("-w", workspace.root, "align", "status", "--json")[1])[0]["standing"] == "in use"
