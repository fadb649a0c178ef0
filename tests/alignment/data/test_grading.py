"""Answers are judged once each, and the best of several come first."""

import pytest
from pydantic import BaseModel

from alignment_questions import AS_OF, Asked, Text, explain, said
from intentrec.alignment.data.config import AlignmentDataConfig
from intentrec.alignment.data.pre_alignment import pre_alignment
from intentrec.alignment.data.questions import Written, written
from intentrec.alignment.data.self_training import self_training
from intentrec.alignment.samples import Sample
from intentrec.llm import Completion

CONFIG = AlignmentDataConfig(answers=2)


def by_words(asked: list[tuple[Asked, str]]) -> list[str | None]:
    """A judge that reads its grade off the answer."""
    return [next((g for g in ("bad", "average", "superior") if g in text), None) for _, text in asked]


def answers(samples: list[Sample]) -> list[str]:
    return [sample.answer for sample in samples]


def test_only_what_the_judge_passes_is_learned() -> None:
    question = explain("i1", "a bad sentence", "an average one", "a strange one")
    made = pre_alignment([question], [said(question, "superior words", reasoning="It fits.")], by_words, AS_OF, CONFIG)
    assert answers(made.samples) == ['{"text":"superior words"}', '{"text":"an average one"}']
    teacher, rules = made.samples
    assert (teacher.source, teacher.writer, teacher.grade, teacher.reasoning) == (
        "teacher", "teacher-1", "superior", "It fits.",
    )  # fmt: skip
    assert (rules.source, rules.writer, rules.grade, rules.reasoning) == ("rules", "none", "average", "")
    assert made.counts == {"teacher: passed": 1, "rules: passed": 1, "rules: refused": 2}
    assert teacher.messages == question.request.messages
    assert (teacher.task, teacher.item_id, teacher.user_id) == ("explanations", "i1", None)
    assert (teacher.prompt_version, teacher.as_of) == ("explanations/tuned.en@1", AS_OF)


def test_of_equal_grades_the_teacher_comes_before_the_rules_and_superior_before_both() -> None:
    question = explain("i1", "average by rules", "superior by rules")
    taught = [said(question, "average by teacher")]
    made = pre_alignment([question], taught, by_words, AS_OF, CONFIG)
    assert answers(made.samples) == ['{"text":"superior by rules"}', '{"text":"average by teacher"}']


def test_an_answer_of_teacher_and_rules_alike_is_the_teachers_and_judged_once() -> None:
    asked: list[tuple[Asked, str]] = []

    def judge(given: list[tuple[Asked, str]]) -> list[str | None]:
        asked.extend(given)
        return by_words(given)

    question = explain("i1", "average words")
    made = pre_alignment([question], [said(question, "average words")], judge, AS_OF, CONFIG)
    assert len(asked) == 1
    assert [sample.source for sample in made.samples] == ["teacher"]


def test_without_a_judge_everything_passes_ungraded() -> None:
    question = explain("i1", "bad")
    made = pre_alignment([question], [said(question, "worse")], None, AS_OF, CONFIG)
    assert [(sample.source, sample.grade) for sample in made.samples] == [("teacher", ""), ("rules", "")]
    assert not any(
        s.rejected for s in self_training([said(question, "x"), said(question, "y")], None, AS_OF, CONFIG).samples
    )


def test_rules_do_not_always_give_their_first_sentence() -> None:
    questions = [explain(f"i{n}", "average first", "average second") for n in range(20)]
    made = pre_alignment(questions, [], by_words, AS_OF, AlignmentDataConfig(answers=1))
    assert len(made.samples) == 20
    assert set(answers(made.samples)) == {'{"text":"average first"}', '{"text":"average second"}'}


def test_the_best_and_the_worst_of_a_models_own_answers_make_a_pair() -> None:
    question = explain("i1")
    given = ["bad one", "average one", "superior one", "average two", "average two"]
    made = self_training([said(question, text, "small") for text in given], by_words, AS_OF, CONFIG)
    assert [(s.answer, s.rejected, s.grade) for s in made.samples] == [
        ('{"text":"superior one"}', '{"text":"bad one"}', "superior"),
        ('{"text":"average two"}', "", "average"),
    ]
    assert {(s.source, s.writer) for s in made.samples} == {("self", "small")}
    assert made.counts == {"self: passed": 3, "self: refused": 1, "self: pairs": 1}


def test_answers_that_are_alike_in_grade_make_no_pair() -> None:
    question = explain("i1")
    made = self_training([said(question, t) for t in ("average a", "average b")], by_words, AS_OF, CONFIG)
    assert [sample.rejected for sample in made.samples] == ["", ""]


def test_where_nothing_passes_nothing_is_learned() -> None:
    question = explain("i1")
    made = self_training([said(question, t) for t in ("bad", "worse and unjudged")], by_words, AS_OF, CONFIG)
    assert made.samples == []
    assert made.counts["self: refused"] == 2


def test_what_could_not_be_judged_is_never_the_worse_answer() -> None:
    question = explain("i1")
    made = self_training([said(question, t) for t in ("average", "odd")], by_words, AS_OF, CONFIG)
    assert [(sample.answer, sample.rejected) for sample in made.samples] == [('{"text":"average"}', "")]


class Reasoned(BaseModel):
    text: str
    reason: str
    n: int


def completion(question: Asked, value: BaseModel | None) -> Completion[BaseModel]:
    return Completion(question.request, value, None, "m", 1, 1, cached=False, attempts=1)


def test_what_a_teacher_says_beside_the_answer_is_its_reasoning() -> None:
    question = explain("i1")
    found = written(question, completion(question, Reasoned(text="so", reason=" because ", n=3)))
    assert found is not None
    assert (found.answer, found.reasoning, found.writer) == ('{"text":"so"}', "because", "m")


@pytest.mark.parametrize("value", [None, Text(text="x" * 61)])
def test_an_answer_that_does_not_fit_the_question_is_none(value: BaseModel | None) -> None:
    question = explain("i1")
    assert written(question, completion(question, value)) is None


def test_what_does_not_fit_its_question_is_judged_by_nobody() -> None:
    question = explain("i1")
    broken = ["superior", '{"text": "superior"}', '{"text":"superior","reason":"r"}', '{"text":3}']
    made = pre_alignment([question], [Written(question, text, "m") for text in broken], by_words, AS_OF, CONFIG)
    assert made.samples == []
    assert made.counts == {"teacher: refused": 4}
