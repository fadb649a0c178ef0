"""From a log to an adapter, with a tiny random model: what is published, what is refused, what is done once only."""

from pathlib import Path
from typing import Any

import pytest

from align_shop import few, save_writer
from intentrec.config import Config, parse_config
from intentrec.llm import read_card
from intentrec.pipeline import align_training
from intentrec.pipeline.align_report import AlignReport
from intentrec.pipeline.align_shelf import Shelf, with_adapters
from intentrec.pipeline.align_status import adapters_of
from intentrec.pipeline.aligning import AlignOptions, align_workspace
from intentrec.progress import SILENT
from intentrec.workspace import Workspace
from shop_world import NOW, make_shop, merged, open_shop


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_writer(tmp_path_factory.mktemp("writer"))


def settings(writer: Path, **alignment: Any) -> Config:
    return parse_config(merged(few(writer, **alignment)), "test")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_shop(tmp_path_factory.mktemp("align") / "shop", make_shop(24))[0]


def run(workspace: Workspace, config: Config, task: Any = "tags", **options: Any) -> AlignReport:
    return align_workspace(workspace, config, AlignOptions(task, **options), now=lambda: NOW, progress=SILENT)


@pytest.fixture(scope="module")
def first(workspace: Workspace, writer: Path) -> AlignReport:
    return run(workspace, settings(writer))


def test_one_command_leads_from_a_log_to_an_adapter_in_use(
    workspace: Workspace, writer: Path, first: AlignReport
) -> None:
    assert first.trained
    assert first.published
    assert first.decision.accepted
    assert set(first.figures) == {"new", f"{writer.name}, writing", "rules"}
    assert set(first.figures["new"]) == {"pass rate", "HR@30"}
    assert first.figures["rules"]["pass rate"] > 0.5
    folder = workspace.root / first.folder
    card = read_card(folder)
    assert card.name == first.name
    assert card.data.counts.keys() == {"rules", "behaviour"}
    assert card.figures["pass rate"] == first.figures["new"]["pass rate"]
    assert card.prompt_version.startswith("tags/tuned.en@")
    assert {"adapter_model.safetensors", "adapter.gguf"} <= card.files.keys()
    used = with_adapters(workspace, settings(writer)).llm.adapters
    assert {task: workspace.root / adapter.path for task, adapter in used.items()} == {"tags": folder}
    (line,) = adapters_of(workspace, settings(writer))
    assert (line.name, line.standing, line.overruled) == (first.name, "in use", False)
    assert workspace.read("samples")["task"].unique().to_list() == ["tags"]


def test_the_same_run_once_more_trains_nothing_and_says_the_same(
    workspace: Workspace, writer: Path, first: AlignReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(align_training, "recipes", None)
    rows = workspace.read("samples").height
    again = run(workspace, settings(writer))
    assert not again.trained
    assert again.model_copy(update={"steps": ()}) == first.model_copy(update={"steps": ()})
    assert [step.name for step in again.steps] == [step.name for step in first.steps]
    assert workspace.read("samples").height == rows


def test_a_worse_adapter_is_refused_and_stays_on_disk_with_the_reason(tmp_path: Path, writer: Path) -> None:
    workspace = open_shop(tmp_path / "shop", make_shop(24))[0]
    # Held against choosing from the rules' own lists, a model that writes at random is worse.
    config = settings(writer, gate={"against": "in-use"})
    found = run(workspace, config)
    assert not found.decision.accepted
    assert not found.published
    assert found.against == f"{writer.name}, choosing"
    assert "more than gate.margin 0.02" in found.decision.refusals[0]
    assert Shelf(workspace).current() == {}
    (line,) = adapters_of(workspace, config)
    assert line.standing == "refused"
    assert line.refusals == found.decision.refusals
    assert (workspace.root / found.folder / "report.json").is_file()
    assert with_adapters(workspace, config).llm.adapters == {}
