"""Files for other trainers hold what the samples hold."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_questions import AS_OF, explain, said
from intentrec.alignment.data.chats import Pair, read_chats, read_pairs, write_chats, write_pairs
from intentrec.alignment.data.questions import sample_of
from intentrec.errors import DataError, WorkspaceError

SAMPLE = sample_of(said(explain("i1"), 'зелёный чай\u2028и "ещё"'), "teacher", AS_OF)
PAIR = replace(SAMPLE, rejected='{"text":"no"}')


def test_chats_come_back(tmp_path: Path) -> None:
    file = tmp_path / "new" / "chats.jsonl"
    assert write_chats([SAMPLE, PAIR], file) == 2
    assert read_chats(file) == [SAMPLE.chat, PAIR.chat]


def test_pairs_come_back_and_what_is_no_pair_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    assert write_pairs([SAMPLE, PAIR], file) == 1
    assert read_pairs(file) == [Pair(PAIR.messages, PAIR.answer, PAIR.rejected)]


def test_lines_are_as_trainers_read_them(tmp_path: Path) -> None:
    chats, pairs = tmp_path / "chats.jsonl", tmp_path / "pairs.jsonl"
    write_chats([PAIR], chats)
    write_pairs([PAIR], pairs)
    question = [{"role": "user", "content": "Why «i1»?"}]
    answer = [{"role": "assistant", "content": PAIR.answer}]
    assert json.loads(chats.read_text("utf-8")) == {"messages": question + answer}
    worse = [{"role": "assistant", "content": '{"text":"no"}'}]
    assert json.loads(pairs.read_text("utf-8")) == {"prompt": question, "chosen": answer, "rejected": worse}


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_answer_survives(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "chats.jsonl"
        write_chats([replace(SAMPLE, answer=text)], file)
        assert read_chats(file)[0][-1].content == text


TURNS = '[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "line 1 is no JSON"),
        ('{"messages":' + TURNS + "}\n[]", "line 2 has no list `messages`"),
        ('{"messages":[{"role":"judge","content":"q"}]}', "`role` and `content`"),
        ('{"messages":[{"role":"user","content":"q"}]}', "must end with a turn of the user and one of the assistant"),
    ],
)
def test_a_line_that_is_no_chat_is_named(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "chats.jsonl"
    file.write_text(text)
    with pytest.raises(DataError, match=why):
        read_chats(file)


def test_a_pair_with_two_worse_answers_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps({"prompt": [], "chosen": [], "rejected": []}))
    with pytest.raises(DataError, match="one turn each"):
        read_pairs(file)


def test_a_file_that_is_not_there_or_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_chats(tmp_path / "none.jsonl")
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="Cannot write"):
        write_chats([], tmp_path / "file" / "chats.jsonl")
