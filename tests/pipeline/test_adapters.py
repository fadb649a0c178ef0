"""Which adapter a stage writes with: that of the settings before the published one, and that before the shipped one."""

from pathlib import Path
from typing import Any

import pytest

from align_shop import ship
from intentrec.config import Config, parse_config
from intentrec.pipeline.adapters import adapters_by_stage, with_adapters
from intentrec.pipeline.align_shelf import Shelf
from intentrec.workspace import Workspace

pytestmark = pytest.mark.usefixtures("package")


def settings(backend: str = "embedded", **adapters: Any) -> Config:
    return parse_config({"llm": {"backend": backend, "adapters": adapters}}, "test")


def paths(config: Config) -> dict[str, str]:
    return {stage: adapter.path for stage, adapter in config.llm.adapters.items()}


@pytest.fixture
def shelf(workspace: Workspace) -> Shelf:
    return Shelf(workspace)


def test_published_adapters_are_used_and_the_settings_win(shelf: Shelf, workspace: Workspace) -> None:
    shelf.publish("tags", "tags-1")
    found = with_adapters(workspace, settings(interests={"path": "mine"}))
    assert paths(found) == {"interests": "mine", "tags": "adapters/tags/tags-1"}
    own = settings(tags={"path": "mine"})
    assert with_adapters(workspace, own) == own


def test_a_shipped_adapter_is_used_where_none_is_named_or_published(
    package: Path, shelf: Shelf, workspace: Workspace
) -> None:
    for stage in ("interests", "tags", "explanations"):
        ship(package, stage)
    shelf.publish("tags", "tags-1")
    found = with_adapters(workspace, settings(explanations={"path": "mine"}))
    assert paths(found) == {
        "interests": "package:intentrec_smollm2/interests-en",
        "tags": "adapters/tags/tags-1",
        "explanations": "mine",
    }
    shelf.rollback("tags")
    assert paths(with_adapters(workspace, settings()))["tags"] == "package:intentrec_smollm2/tags-en"


def test_without_a_model_and_with_a_server_nothing_is_added(package: Path, shelf: Shelf, workspace: Workspace) -> None:
    ship(package, "interests")
    shelf.publish("tags", "tags-1")
    for backend in ("none", "openai"):
        assert with_adapters(workspace, settings(backend)).llm.adapters == {}


def test_each_is_told_with_where_it_comes_from(package: Path, shelf: Shelf, workspace: Workspace) -> None:
    ship(package, "interests")
    shelf.publish("tags", "tags-1")
    chosen = adapters_by_stage(workspace, settings(explanations={"model": "my-reasons"}))
    assert {stage: str(one) for stage, one in chosen.items()} == {
        "interests": "package:intentrec_smollm2/interests-en, which intentrec-smollm2 brings; to do without it, set "
        "llm.shipped_adapters = false",
        "tags": "tags-1, published by `intentrec align`",
        "explanations": "my-reasons, named in [llm.adapters]",
    }
