import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from intentrec.errors import WorkspaceError
from intentrec.llm import Answer, Ledger, Request
from intentrec.llm.ledger import Status, canonical, key_of
from llm_world import NOON, ask, choice_schema

COLD = {"temperature": 0.0, "seed": 0}
TEA = Answer('{"choice": "tea"}', 10, 5)


def asked(request: Request, model: str = "m") -> str:
    return canonical(request, model, COLD)


def put(
    ledger: Ledger,
    request: Request,
    answer: Answer = TEA,
    status: Status = "ok",
    subjects: tuple[str, ...] | None = None,
    minute: int = 0,
) -> str:
    text = asked(request)
    ledger.store(
        text,
        answer,
        status=status,
        error=None if status == "ok" else "why",
        usd=0.25,
        created_at=NOON + timedelta(minutes=minute),
        subjects=(request.subject,) if subjects is None else subjects,
    )
    return key_of(text)


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_an_answer_outlives_its_process(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "deep" / "ledger.sqlite")
    key = put(ledger, ask("?"))
    other = Ledger(tmp_path / "deep" / "ledger.sqlite")  # committed: seen by others while the first is still open
    assert other.find(key) == TEA
    assert other.find("0" * 64) is None
    other.close()
    ledger.close()


def test_the_newest_answer_wins_and_refusals_are_none() -> None:
    ledger = Ledger(None)
    key = put(ledger, ask("?"), Answer("", 0, 0), "refused")
    assert ledger.find(key) is None
    put(ledger, ask("?"), Answer("no", 1, 1), "wrong", minute=1)
    put(ledger, ask("?"), TEA, minute=2)
    assert ledger.find(key) == TEA
    assert [(call.n, call.status, call.error) for call in ledger.calls()] == [
        (1, "refused", "why"),
        (2, "wrong", "why"),
        (3, "ok", None),
    ]
    ledger.close()


def test_the_key_depends_on_all_that_shapes_the_answer_and_not_on_the_subject() -> None:
    request = ask("?")
    same = key_of(asked(ask("?", subject="u1")))
    others = [
        canonical(request, "other", COLD),
        canonical(request, "m", COLD | {"seed": 1}),
        asked(ask("!")),
        asked(ask("?", max_tokens=21)),
        asked(ask("?", schema=choice_schema("coffee", "tea"))),
        asked(request.model_copy(update={"stage": "tags"})),
        asked(request.model_copy(update={"prompt_version": "test@2"})),
    ]
    assert same == key_of(asked(request))
    assert len({same, *map(key_of, others)}) == 1 + len(others)


def test_the_order_of_schema_properties_matters_because_models_write_in_that_order() -> None:
    first, second = ({"type": "object", "properties": {name: {} for name in order}} for order in ("ab", "ba"))
    assert first == second
    assert asked(ask("?", schema=first)) != asked(ask("?", schema=second))


def test_the_audit_shows_calls_whole_in_the_order_they_were_made() -> None:
    ledger = Ledger(None)
    put(ledger, ask("second", subject="u1"), minute=2)
    put(ledger, ask("first", subject="u2").model_copy(update={"stage": "tags"}), minute=1)
    first, second = ledger.calls()
    assert (first.stage, first.model, first.prompt_version, first.answer) == ("tags", "m", "test@1", TEA.text)
    assert (first.created_at, first.usd, first.cut) == (NOON + timedelta(minutes=1), 0.25, False)
    assert '"content":"second"' in second.request
    assert [call.hash for call in ledger.calls(stage="tags")] == [first.hash]
    assert [call.hash for call in ledger.calls(subject="u1")] == [second.hash]
    assert list(ledger.calls(stage="tags", subject="u1")) == []
    ledger.close()


def test_totals_are_by_stage_and_model() -> None:
    ledger = Ledger(None)
    for n in range(3):
        put(ledger, ask(f"{n}"), status="ok" if n else "wrong")
    put(ledger, ask("?").model_copy(update={"stage": "tags"}))
    interests, tags = ledger.totals()
    assert (interests.stage, interests.calls, interests.wrong) == ("interests", 3, 1)
    assert (interests.prompt_tokens, interests.completion_tokens, interests.usd) == (30, 15, 0.75)
    assert (tags.stage, tags.model, tags.calls) == ("tags", "m", 1)
    ledger.close()


def test_erase_leaves_no_byte_of_a_subject_and_every_byte_of_others(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    for n in range(40):  # enough to fill and split pages
        put(ledger, ask(f"history of zebra-{n} " + "x" * 500, subject="user-zebra"), Answer(f"lion-{n}", 1, 1))
        put(ledger, ask(f"history of tiger-{n} " + "y" * 500, subject="user-tiger"), Answer(f"puma-{n}", 1, 1))
    before = bytes_of(tmp_path)
    assert b"zebra-7" in before
    assert b"lion-7" in before
    assert ledger.erase("user-zebra") == 40
    for after in (bytes_of(tmp_path), (ledger.close(), bytes_of(tmp_path))[1]):
        assert b"zebra" not in after
        assert b"lion" not in after
        assert after.count(b"history of tiger-7 ") == 1
        assert b"puma-7" in after


def test_a_call_that_serves_two_subjects_goes_with_the_last_one() -> None:
    ledger = Ledger(None)
    key = put(ledger, ask("?"), subjects=("u1", "u2", ""))
    ledger.name([(key, "u3"), (key, "u1")])
    assert [ledger.erase(subject) for subject in ("u1", "u2", "nobody", "")] == [0, 0, 0, 0]
    assert ledger.find(key) == TEA
    assert ledger.erase("u3") == 1
    assert ledger.find(key) is None
    ledger.close()


def test_erase_says_when_bytes_may_remain_because_another_process_reads(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("intentrec.llm.ledger._PATIENCE", 0.05)
    ledger = Ledger(tmp_path / "ledger.sqlite")
    put(ledger, ask("?", subject="u1"))
    reader = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM calls").fetchone()
    with pytest.raises(WorkspaceError, match="in use by another process"):
        ledger.erase("u1")
    reader.close()
    assert ledger.erase("u1") == 0
    assert b"u1" not in bytes_of(tmp_path)
    ledger.close()


def test_a_ledger_that_another_process_holds_says_so(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("intentrec.llm.ledger._PATIENCE", 0.05)
    ledger = Ledger(tmp_path / "ledger.sqlite")
    writer = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(WorkspaceError, match=r"cannot be written: database is locked.*run the same command again"):
        put(ledger, ask("?"))
    with pytest.raises(WorkspaceError, match="in use by another process"):
        ledger._scrub()
    writer.close()
    put(ledger, ask("?"))
    ledger.close()


def test_a_full_disk_is_one_paragraph_and_what_was_stored_stays(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    key = put(ledger, ask("small"))
    ledger._db.execute("PRAGMA max_page_count=12")
    with pytest.raises(WorkspaceError, match=r"database or disk is full. Is the disk full"):
        put(ledger, ask("x" * 100_000))
    assert ledger.find(key) == TEA
    assert len(list(ledger.calls())) == 1
    ledger.close()


def test_a_failed_store_leaves_nothing_half_written() -> None:
    ledger = Ledger(None)
    with pytest.raises(sqlite3.Error):
        put(ledger, ask("?"), subjects=(object(),))  # type: ignore[arg-type]
    assert list(ledger.calls()) == []
    put(ledger, ask("?"))
    ledger.close()


@pytest.mark.parametrize("content", [b"this is no database, but it is long enough to be taken for one " * 3])
def test_a_damaged_ledger_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(content)
    with pytest.raises(WorkspaceError, match="move it away"):
        Ledger(path)
    with pytest.raises(WorkspaceError, match="cannot be opened"):
        Ledger(tmp_path / "ledger.sqlite" / "below-a-file")


def test_a_ledger_of_a_later_format_is_not_touched(tmp_path: Path) -> None:
    Ledger(tmp_path / "ledger.sqlite").close()
    later = sqlite3.connect(tmp_path / "ledger.sqlite")
    later.execute("PRAGMA user_version=99")
    later.close()
    with pytest.raises(WorkspaceError, match="it has format 99, and this intentrec knows 1"):
        Ledger(tmp_path / "ledger.sqlite")
