"""Adapters of a workspace: put whole, published by one rename, and taken back."""

from datetime import timedelta
from pathlib import Path

import pytest

from align_shop import NOON, an_adapter
from intentrec.errors import ConfigError, NotFoundError, WorkspaceBusy, WorkspaceError
from intentrec.pipeline.align_shelf import Shelf, stage_named
from intentrec.workspace import Workspace


@pytest.fixture
def shelf(workspace: Workspace) -> Shelf:
    return Shelf(workspace)


def test_nothing_is_in_use_before_the_first_adapter(shelf: Shelf) -> None:
    assert shelf.current() == {}
    assert shelf.cards("tags") == []
    assert shelf.report("tags", "tags-1") is None
    with pytest.raises(NotFoundError, match="No adapter of tags is in use"):
        shelf.rollback("tags")


def test_an_adapter_is_put_published_and_taken_back(shelf: Shelf, tmp_path: Path) -> None:
    for n in (1, 2):
        name = f"tags-{n}"
        made = an_adapter(tmp_path / name, name, created_at=NOON + timedelta(days=n))
        assert shelf.put("tags", name, made) == shelf.root / "tags" / name
        shelf.publish("tags", name)
        shelf.publish("tags", name)  # twice is once
    assert [card.name for card in shelf.cards("tags")] == ["tags-1", "tags-2"]
    assert shelf.current() == {"tags": "tags-2"}
    assert shelf.rollback("tags") == "tags-1"
    assert shelf.current() == {"tags": "tags-1"}
    assert shelf.rollback("tags") is None
    assert shelf.current() == {}


def test_what_lies_on_the_shelf_is_not_put_again_and_what_is_half_there_is(shelf: Shelf, tmp_path: Path) -> None:
    first = an_adapter(tmp_path / "first", "tags-1", content="first")
    second = an_adapter(tmp_path / "second", "tags-1", content="second")
    half = shelf.folder("tags", "tags-1")
    half.mkdir(parents=True)
    (half / "rest").write_text("of a copy that was killed")
    (shelf.root / "tags" / ".draft-tags-1").mkdir()
    shelf.put("tags", "tags-1", first)
    shelf.put("tags", "tags-1", second)
    assert (half / "adapter.gguf").read_text() == "first"
    assert not (half / "rest").exists()


def test_a_report_is_kept_beside_the_adapter(shelf: Shelf, tmp_path: Path) -> None:
    shelf.put("tags", "tags-1", an_adapter(tmp_path / "made"))
    shelf.write_report("tags", "tags-1", {"accepted": False})
    assert shelf.report("tags", "tags-1") == {"accepted": False}
    (shelf.folder("tags", "tags-1") / "report.json").write_text("{")
    with pytest.raises(WorkspaceError, match="is damaged"):
        shelf.report("tags", "tags-1")


def test_a_damaged_pointer_is_named(shelf: Shelf) -> None:
    shelf.root.mkdir()
    (shelf.root / "current.json").write_text('{"published": 3}')
    with pytest.raises(WorkspaceError, match=r"current\.json is damaged"):
        shelf.current()


def test_one_training_at_a_time(shelf: Shelf) -> None:
    with shelf.training(), pytest.raises(WorkspaceBusy, match="is aligning"):
        with shelf.training():
            pass
    with shelf.training():
        pass


def test_a_task_goes_by_either_name() -> None:
    assert stage_named("tag") == stage_named("tags") == "tags"
    with pytest.raises(ConfigError, match="There is no task 'songs' to align a model for"):
        stage_named("songs")
