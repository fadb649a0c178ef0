"""Asking a model: verdicts with true quotes, one repair, yes and no."""

from collections.abc import Sequence

import pytest

from fake_model import FakeModel
from intentrec.judge.asking import Heard, Quoted, YesNo, ask
from intentrec.judge.criteria import criteria_of
from intentrec.judge.questions import Question
from intentrec.judge.showing import evidence_lines, is_quoted, shown, shuffled
from intentrec.llm import Ledger, LedgeredModel, LLMConfig
from intentrec.llm.backends.scripted import ScriptedBackend
from judge_world import explanation, interest, tag, touches

SPECIFICITY = criteria_of("tag", "en")[2]
QUESTIONS = [Question(tag(f"porcelain tea pot {n}"), SPECIFICITY) for n in range(3)]


def heard(answer, questions: Sequence[Question] = QUESTIONS, *, small=False, language="en"):
    model = FakeModel(answer, small=small)
    return ask(questions, model, language, 5), model


def test_a_verdict_with_a_true_quote_is_taken():
    found, model = heard(lambda request: Quoted(quote="Porcelain  TEA pot", verdict="good"))
    assert [(one.verdict, one.quote, one.is_quoted) for one in found] == [("good", "Porcelain  TEA pot", True)] * 3
    assert len(model.asked) == 3
    assert {request.subject for request in model.asked} == {"u1"}
    assert {request.stage for request in model.asked} == {"judge"}


def test_verdicts_come_back_in_the_order_of_the_questions():
    def by_number(request):
        said = request.messages[-1].content
        return Quoted(quote="tea pot", verdict="good" if "pot 1" in said else "bad")

    found, model = heard(by_number)
    assert [one.verdict for one in found] == ["bad", "good", "bad"]
    asked = [next(n for n in range(3) if f"pot {n}" in r.messages[-1].content) for r in model.asked]
    assert sorted(asked) == [0, 1, 2]


def test_a_quote_that_stands_nowhere_is_asked_for_once_more():
    def corrects_itself(request):
        if len(request.messages) > 2:
            assert "do not stand" in request.messages[-1].content
            return Quoted(quote="tea pot", verdict="bad")
        return Quoted(quote="marble fountain", verdict="excellent")

    found, model = heard(corrects_itself, QUESTIONS[:1])
    assert (found[0].verdict, found[0].quote, found[0].is_quoted) == ("bad", "tea pot", True)
    assert len(model.asked) == 2


@pytest.mark.parametrize("second", [Quoted(quote="marble fountain", verdict="good"), None])
def test_a_quote_that_stays_wrong_marks_the_verdict(second):
    def stubborn(request):
        return second if len(request.messages) > 2 else Quoted(quote="marble fountain", verdict="good")

    found, _ = heard(stubborn, QUESTIONS[:1])
    assert (found[0].verdict, found[0].quote, found[0].is_quoted) == ("good", "", False)


def test_no_right_answer_is_no_verdict():
    assert heard(lambda request: None)[0] == [None, None, None]
    assert heard(lambda request: None, small=True)[0] == [None, None, None]


def test_a_small_model_says_yes_or_no():
    reasonableness = criteria_of("interest", "en")[1]
    questions = [Question(interest(), reasonableness), Question(tag(), SPECIFICITY)]
    for answer, verdicts in (("yes", ["strong", "good"]), ("no", ["none", "bad"])):
        found, model = heard(lambda request, answer=answer: YesNo(answer=answer), questions, small=True)
        assert [one.verdict for one in found] == verdicts
        assert all(request.prompt_version.startswith("judge/question.en/") for request in model.asked)
    russian = [Question(interest(), criteria_of("interest", "ru")[1])]
    found, _ = heard(lambda request: YesNo(answer="да"), russian, small=True, language="ru")
    assert found[0].verdict == "strong"


def test_nothing_is_paid_for_twice():
    backend = ScriptedBackend(lambda request: Quoted(quote="tea pot", verdict="good"))
    model = LedgeredModel(backend, Ledger(None), LLMConfig(backend="openai", model="m", small=False))
    first = ask(QUESTIONS, model, "en", 5)
    assert ask(QUESTIONS, model, "en", 5) == first
    assert len(backend.asked) == 3
    model.close()


def test_no_questions_ask_nothing():
    found, model = heard(lambda request: None, [])
    assert (found, model.asked) == ([], [])


@pytest.mark.parametrize(
    ("quote", "stands"),
    [
        ("tea pot", True),
        ("TEA, pot!", True),
        ("tea", True),
        ("te", False),
        ("pot tea", False),
        ("", False),
        ("«»", False),
    ],
)
def test_a_quote_is_words_in_their_order(quote, stands):
    assert is_quoted(quote, "A china Tea  pot.") is stands


def test_what_is_shown_is_bounded():
    case = interest(evidence=touches(*(f"cup {n}" for n in range(9))))
    assert shown(case, "en", 3)["lines"] == evidence_lines(case)[-3:]
    assert shown(tag(), "en", 1)["lines"] == ("china tea cup",)
    assert shown(explanation(), "ru", 1) | {"text": ""} == {
        "task": "explanation", "text": "", "reason": "", "interest": "tea time", "month": "июнь", "recent": (),
        "lines": ["title: CHINA TEA POT FOR TWO"],
    }  # fmt: skip


def test_evidence_of_a_day_stands_on_one_line():
    bought = touches("cup", "cup") + touches("pot", event="view")
    case = interest(evidence=tuple(sorted(bought, key=lambda touch: (touch.timestamp, touch.event))))
    assert evidence_lines(case) == [
        "2024-04-02 (purchase) | cup",
        "2024-04-02 (view) | pot",
        "2024-04-03 (purchase) | cup",
    ]


def test_what_was_done_several_times_in_a_day_says_how_often():
    once = touches("cup", "pot")
    case = interest(evidence=(once[0], once[0], once[0], once[1]))
    assert evidence_lines(case) == ["2024-04-02 (purchase) | cup (3 times)", "2024-04-03 (purchase) | pot"]


def test_shuffling_keeps_everything():
    things = list(range(20))
    assert sorted(shuffled(things, "a")) == things
    assert shuffled(things, "a") == shuffled(things, "a") != shuffled(things, "b")
    assert isinstance(Heard("yes", "", True, "v"), Heard)
