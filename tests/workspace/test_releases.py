"""Readers always see one whole release."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intentrec.errors import NotFoundError, WorkspaceError
from intentrec.workspace import PATIENCE, ArtefactRef, Manifest, TableRef, Workspace, releases

T = datetime(2024, 1, 1, tzinfo=UTC)


def manifest(digest: str) -> Manifest:
    ref = TableRef(name="pool", version=0, rows=1, digest=digest)
    return Manifest(as_of=T, created_at=T, fingerprint=digest, tables={"pool": ref})


def test_nothing_is_current_before_the_first_release(workspace: Workspace) -> None:
    assert workspace.releases.current() is None
    with pytest.raises(NotFoundError, match="Run `intentrec run` first"):
        workspace.release()


def test_the_last_published_is_current_and_rollback_returns(workspace: Workspace) -> None:
    workspace.releases.publish(manifest("a"))
    workspace.releases.publish(manifest("b"))
    assert [m.release for m in workspace.releases.list()] == ["r0001", "r0002"]
    assert workspace.release().fingerprint == "b"
    workspace.releases.rollback("r0001")
    assert workspace.release().fingerprint == "a"
    assert workspace.releases.publish(manifest("c")).release == "r0003"


def test_a_release_that_was_never_published_cannot_be_reached(workspace: Workspace) -> None:
    workspace.releases.publish(manifest("a"))
    with pytest.raises(NotFoundError, match="no release 'r0009'. Published: r0001"):
        workspace.releases.rollback("r0009")


def test_a_crash_before_the_pointer_moves_publishes_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.releases.publish(manifest("a"))
    real = releases.write_atomic

    def crash(path: Path, content: bytes) -> None:
        if path.name == "current.json":
            raise KeyboardInterrupt
        real(path, content)

    monkeypatch.setattr(releases, "write_atomic", crash)
    with pytest.raises(KeyboardInterrupt):
        workspace.releases.publish(manifest("b"))
    monkeypatch.undo()
    assert workspace.release().fingerprint == "a"
    assert [m.release for m in workspace.releases.list()] == ["r0001"]
    assert workspace.releases.publish(manifest("c")).release == "r0002"


def test_a_damaged_pointer_is_named(workspace: Workspace) -> None:
    workspace.releases.publish(manifest("a"))
    (workspace.root / "releases" / "current.json").write_text("{")
    with pytest.raises(WorkspaceError, match=r"current.json is damaged"):
        workspace.release()


def test_a_missing_manifest_is_named(workspace: Workspace) -> None:
    workspace.releases.publish(manifest("a"))
    (workspace.root / "releases" / "r0001.json").unlink()
    with pytest.raises(WorkspaceError, match=r"r0001.json cannot be read"):
        workspace.release()


def test_a_release_names_its_tables(workspace: Workspace) -> None:
    workspace.releases.publish(manifest("a"))
    with pytest.raises(NotFoundError, match="has no table 'tags': pool"):
        workspace.read_release("tags")


def test_equal_artefacts_are_stored_once(workspace: Workspace) -> None:
    def save(folder: Path) -> None:
        (folder / "meta.json").write_text("{}")

    first = workspace.write_artefact("towers", save)
    assert workspace.write_artefact("towers", save) == first
    assert [p.name for p in (workspace.root / "artefacts" / "towers").iterdir()] == [first.digest]
    assert (workspace.artefacts.path(first) / "meta.json").read_text() == "{}"


def test_a_save_that_fails_leaves_no_artefact(workspace: Workspace) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        workspace.write_artefact("towers", fail)
    assert list((workspace.root / "artefacts" / "towers").iterdir()) == []


def test_a_missing_artefact_names_its_folder(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="Artefact 'towers' is missing"):
        workspace.artefacts.path(ArtefactRef(name="towers", digest="0"))


def test_one_writer_at_a_time(workspace: Workspace) -> None:
    with workspace.writing():
        with pytest.raises(WorkspaceError, match="Another intentrec process"), Workspace(workspace.root).writing():
            pass
    with workspace.writing():
        pass


def test_a_patient_writer_waits_for_another(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with workspace.writing():
            held.set()
            done.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()

    def wait(seconds: float) -> None:
        done.set()
        holder.join()

    monkeypatch.setattr("intentrec.workspace.store.sleep", wait)
    with workspace.writing(PATIENCE):
        assert not holder.is_alive()


def test_a_folder_without_settings_is_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="intentrec init"):
        Workspace(tmp_path)


def test_a_workspace_is_not_made_twice(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="exists already"):
        Workspace.create(workspace.root, "")
