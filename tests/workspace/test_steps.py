"""A step that is recorded is done; anything else has to be done again."""

from intentrec.workspace import Workspace
from intentrec.workspace.steps import StepRecord


def test_a_record_comes_back(workspace: Workspace) -> None:
    record = StepRecord(step="tags", counts={"tags": 3})
    workspace.steps.put("f1", record)
    assert workspace.steps.get("f1") == record
    assert workspace.steps.get("f2") is None


def test_a_torn_record_means_not_done(workspace: Workspace) -> None:
    workspace.steps.put("f1", StepRecord(step="tags"))
    (workspace.root / "runs" / "steps" / "f1.json").write_text('{"step": "ta')
    assert workspace.steps.get("f1") is None


def test_cleared_steps_are_forgotten(workspace: Workspace) -> None:
    workspace.steps.put("f1", StepRecord(step="tags"))
    workspace.steps.clear()
    assert workspace.steps.get("f1") is None
