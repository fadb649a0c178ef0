"""Erased means no byte is left."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from intentrec.tables import TABLES
from intentrec.workspace import Manifest, TableRef, Workspace, erase, erase_user

T = datetime(2024, 1, 1, tzinfo=UTC)
GONE = "user-7f3a"


def refs_of_a_small_shop(workspace: Workspace) -> dict[str, TableRef]:
    users = (GONE, "stays")
    events = TABLES["events"].rows(
        {"row": n, "user_id": u, "timestamp": T, "event": "view", "item_id": "i"} for n, u in enumerate(users)
    )
    interests = TABLES["interests"].rows(
        {"user_id": u, "interest_id": u, "interest": f"only {u}", "as_of": T} for u in users
    )
    explained = TABLES["explanations"].rows({"interest": f"only {u}", "item_id": "i", "text": "x"} for u in users)
    vectors = TABLES["vectors"].rows({"kind": "user", "id": u, "vector": [1.0]} for u in users)
    quarantine = TABLES["quarantine"].rows([{"table": "events", "record": f'{{"user_id":"{GONE}"}}'}])
    frames = {
        "events": events,
        "interests": interests,
        "explanations": explained,
        "vectors": vectors,
        "quarantine": quarantine,
    }
    return {name: workspace.write(name, frame) for name, frame in frames.items()}


def bytes_with(workspace: Workspace, text: str) -> list[str]:
    return [p.name for p in workspace.root.rglob("*") if p.is_file() and text.encode() in p.read_bytes()]


def publish(workspace: Workspace) -> None:
    refs = refs_of_a_small_shop(workspace)
    facts = {"run": {"llm_users": [GONE, "stays"]}}
    workspace.releases.publish(Manifest(as_of=T, created_at=T, fingerprint="f", tables=refs, facts=facts))


def test_no_byte_of_the_user_is_left_and_the_release_goes_on(workspace: Workspace) -> None:
    publish(workspace)
    assert bytes_with(workspace, GONE)
    receipt = erase_user(workspace, GONE, T, lambda path, user: 0)
    assert bytes_with(workspace, GONE) == []
    assert receipt.rows == {"events": 1, "interests": 1, "explanations": 1, "vectors": 1, "quarantine": 1}
    assert receipt.releases_dropped == ["r0001"]
    assert workspace.read_release("interests")["user_id"].to_list() == ["stays"]
    assert workspace.read_release("explanations")["interest"].to_list() == ["only stays"]
    assert workspace.release().facts == {"run": {"llm_users": ["stays"]}}


def test_an_erasure_that_was_killed_can_be_started_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(workspace)
    workspace.write("interests", workspace.read("interests"))
    real = erase._rewrite
    calls: list[str] = []

    def dies_at_the_third(workspace: Workspace, name: str, keep: object) -> TableRef:
        calls.append(name)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(workspace, name, keep)  # type: ignore[arg-type]

    monkeypatch.setattr(erase, "_rewrite", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        erase_user(workspace, GONE, T, lambda path, user: 0)
    monkeypatch.undo()
    erase_user(workspace, GONE, T, lambda path, user: 0)
    assert bytes_with(workspace, GONE) == []
    assert workspace.read_release("vectors")["id"].to_list() == ["stays"]


def test_calls_in_the_ledger_are_erased_too(workspace: Workspace) -> None:
    workspace.ledger.write_bytes(b"")

    def erase_calls(path: Path, user: str) -> int:
        assert (path, user) == (workspace.ledger, GONE)
        return 4

    assert erase_user(workspace, GONE, T, erase_calls).ledger_calls == 4


def test_labels_about_the_user_go_and_labels_about_items_stay(workspace: Workspace) -> None:
    subjects = [(GONE, None), ("an interest", GONE), ("item", None), ("other", "stays")]
    rows = [{"label_id": str(n), "task": "t", "subject": s, "user_id": u} for n, (s, u) in enumerate(subjects)]
    workspace.write("labels", TABLES["labels"].rows(rows))
    assert erase_user(workspace, GONE, T, lambda path, user: 0).rows == {"labels": 2}
    assert workspace.read("labels")["subject"].to_list() == ["item", "other"]


def test_judgements_of_explanations_of_the_users_own_interests_go(workspace: Workspace) -> None:
    publish(workspace)
    own = workspace.read("interests").filter(user_id=GONE)["interest"][0]
    rows = [
        {"task": "explanation", "case_id": str(n), "criterion": "clarity", "interest": interest, "text": "t"}
        for n, interest in enumerate((own, "only stays"))
    ]
    workspace.write("verdicts", TABLES["verdicts"].rows(rows))
    labelled = ({"label_id": row["case_id"], "subject": "item"} | row for row in rows)
    kept = set(TABLES["labels"].schema)
    workspace.write("labels", TABLES["labels"].rows({n: v for n, v in row.items() if n in kept} for row in labelled))
    receipt = erase_user(workspace, GONE, T, lambda path, user: 0)
    assert (receipt.rows["verdicts"], receipt.rows["labels"]) == (1, 1)
    assert workspace.read("verdicts")["interest"].to_list() == ["only stays"]
    assert workspace.read("labels")["interest"].to_list() == ["only stays"]
