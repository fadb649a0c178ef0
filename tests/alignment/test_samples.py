"""Samples keep what they say on every way out and back."""

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
from pydantic import BaseModel

from intentrec.alignment.samples import Sample, compact, sample_rows, samples_of
from intentrec.llm import Message
from intentrec.tables import INTERESTS
from intentrec.workspace import Workspace, erase_user

T = datetime(2024, 5, 1, tzinfo=UTC)
CHAT = (Message(role="system", content="Name it."), Message(role="user", content="«чай»\nline two"))
PLAIN = Sample("tags", "rules", "none", CHAT, '{"tags":["green tea"]}', T, "tuned:1", user_id="u1")
PAIR = Sample(
    "explanations", "self", "m", CHAT, '{"text":"a"}', T, "tuned:2", '{"text":"b"}', "because", "superior", None, "i1"
)


class Answer(BaseModel):
    tags: list[str]


def test_a_table_gives_back_the_samples() -> None:
    assert samples_of(sample_rows([PLAIN, PAIR])) == [PLAIN, PAIR]


def test_the_workspace_gives_back_the_samples(workspace: Workspace) -> None:
    workspace.write("samples", sample_rows([PLAIN, PAIR]))
    read = sorted(samples_of(workspace.read("samples")), key=lambda s: s.task)
    assert read == [PAIR, PLAIN]
    assert [sample.sample_id for sample in read] == [PAIR.sample_id, PLAIN.sample_id]


def test_equal_samples_stand_in_one_row() -> None:
    assert sample_rows([PLAIN, PAIR, PLAIN])["sample_id"].to_list() == [PLAIN.sample_id, PAIR.sample_id]


def test_a_grade_given_later_leaves_it_the_same_sample_and_another_answer_does_not() -> None:
    assert replace(PLAIN, grade="average", reasoning="so").sample_id == PLAIN.sample_id
    assert replace(PLAIN, answer='{"tags":["black tea"]}').sample_id != PLAIN.sample_id
    assert replace(PLAIN, user_id="u2").sample_id != PLAIN.sample_id
    assert replace(PLAIN, messages=CHAT[1:]).sample_id != PLAIN.sample_id


def test_the_name_of_a_sample_stays_between_versions() -> None:
    assert PLAIN.sample_id == "316b01900ffc9efe"


def test_answers_have_no_spaces_and_keep_their_letters() -> None:
    assert compact(Answer(tags=["зелёный чай", 'a "b"'])) == '{"tags":["зелёный чай","a \\"b\\""]}'
    assert compact({"text": "x"}) == '{"text":"x"}'


def test_a_chat_ends_with_the_answer() -> None:
    assert PLAIN.chat == (*CHAT, Message(role="assistant", content='{"tags":["green tea"]}'))


def test_erasing_a_user_takes_the_users_samples_and_explanations_of_interests_nobody_else_has(
    workspace: Workspace,
) -> None:
    def about(interest: str) -> Sample:
        return replace(PAIR, messages=(Message(role="user", content=f"Interest: «{interest}»"),))

    own, shared = "rare orchids", "tea"
    rows = [("u1", own), ("u1", shared), ("u2", shared)]
    kept = [replace(PLAIN, user_id="u2"), about(shared), replace(about(own), task="curriculum:naming")]
    interests = pl.DataFrame(rows, ["user_id", "interest"], orient="row").with_row_index("interest_id")
    table = [row | {"interest_id": str(row["interest_id"])} for row in interests.iter_rows(named=True)]
    workspace.write("interests", INTERESTS.rows(table))
    workspace.write("samples", sample_rows([PLAIN, about(own), *kept]))
    receipt = erase_user(workspace, "u1", T, lambda path, user: 0)
    assert receipt.rows["samples"] == 2
    assert {s.sample_id for s in samples_of(workspace.read("samples"))} == {s.sample_id for s in kept}


def test_a_user_without_interests_is_erased_from_samples_too(workspace: Workspace) -> None:
    workspace.write("samples", sample_rows([PLAIN, PAIR]))
    assert erase_user(workspace, "u1", T, lambda path, user: 0).rows == {"samples": 1}
