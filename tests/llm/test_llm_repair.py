import pytest

from intentrec.llm.repair import Dialogue
from llm_world import Choice, ask

GOOD, BAD = '{"choice": "tea"}', '{"choice": "cocoa"}'


def test_a_right_answer_ends_the_dialogue() -> None:
    talk = Dialogue(ask("?"), Choice, 1)
    talk.hear(GOOD)
    assert (talk.next, talk.value, talk.error, talk.attempts) == (None, Choice(choice="tea"), None, 1)


def test_a_wrong_answer_is_shown_again_with_what_was_wrong() -> None:
    talk = Dialogue(ask("?"), Choice, 1)
    talk.hear(BAD)
    assert talk.next is not None
    question, answer, correction = talk.next.messages
    assert (question.content, answer.role, answer.content) == ("?", "assistant", BAD)
    assert correction.role == "user"
    assert "'cocoa' is not one of the choices" in correction.content


def test_a_repaired_answer_counts_two_attempts() -> None:
    talk = Dialogue(ask("?"), Choice, 1)
    talk.hear(BAD)
    talk.hear(GOOD)
    assert (talk.next, talk.value, talk.error, talk.attempts) == (None, Choice(choice="tea"), None, 2)


@pytest.mark.parametrize("repairs", [0, 1, 3])
def test_repairs_are_bounded(repairs: int) -> None:
    talk = Dialogue(ask("?"), Choice, repairs)
    while talk.next is not None:
        talk.hear(BAD)
    assert talk.attempts == repairs + 1
    assert talk.value is None
    assert talk.error == "schema: answer.choice: 'cocoa' is not one of the choices"


def test_a_refusal_ends_the_dialogue() -> None:
    talk = Dialogue(ask("?"), Choice, 1)
    talk.refuse("the prompt is too long")
    assert (talk.next, talk.error, talk.attempts) == (None, "refused: the prompt is too long", 1)
