"""Answers that were paid for once are found by whoever asks the same."""

from datetime import UTC, datetime

from benchmarks.alignment.kept import give, keep
from intentrec.llm.ledger import Answer, Ledger, canonical, key_of
from intentrec.llm.messages import Message, Request

AT = datetime(2024, 5, 1, tzinfo=UTC)


def asked(words, model="teacher"):
    request = Request(
        stage="tags", subject="ann", prompt_version="v", messages=(Message(role="user", content=words),),
        answer_schema={"type": "object"}, max_tokens=9,
    )  # fmt: skip
    return canonical(request, model, {"temperature": 0.0})


def fill(ledger, *requests):
    for request in requests:
        ledger.store(
            request, Answer("{}\u2028", 5, 2), status="ok", error=None, usd=0.5, created_at=AT, subjects=["ann"]
        )  # fmt: skip


def test_what_one_ledger_holds_another_finds(tmp_path):
    mine, theirs = Ledger(tmp_path / "a.sqlite"), Ledger(None)
    fill(mine, asked("tea"), asked("coffee"), asked("tea", "small"))

    assert keep(mine, "teacher", tmp_path / "kept.jsonl.gz") == 2
    assert give(theirs, tmp_path / "kept.jsonl.gz") == 2
    assert theirs.find(key_of(asked("tea"))) == Answer("{}\u2028", 5, 2)
    assert theirs.find(key_of(asked("tea", "small"))) is None
    assert [total.usd for total in theirs.totals()] == [1.0]
    mine.close()
    theirs.close()


def test_what_is_there_is_not_added_again_and_the_file_is_the_same(tmp_path):
    ledger = Ledger(None)
    fill(ledger, asked("tea"))
    for name in ("one", "two"):
        keep(ledger, "teacher", tmp_path / name)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert give(ledger, tmp_path / "one") == 0
    ledger.close()
