"""General instructions are right, and come from where the settings say."""

from pathlib import Path

import pytest

from alignment_questions import AS_OF
from intentrec.alignment.data.chats import write_chats
from intentrec.alignment.data.config import AlignmentDataConfig
from intentrec.alignment.data.general import Said, general, general_by_base, general_by_rule, general_requests
from intentrec.errors import ConfigError, DataError
from intentrec.llm import Completion

CONFIG = AlignmentDataConfig()


@pytest.mark.parametrize("language", ["en", "ru"])
def test_rules_answer_as_many_different_questions_as_asked_for(language: str) -> None:
    found = general_by_rule(language, 240, AS_OF, seed=0)
    assert len({sample.messages for sample in found}) == 240
    assert all(sample.answer and "{" not in sample.messages[0].content for sample in found)
    assert {(s.task, s.source, s.writer, s.user_id) for s in found} == {("general", "general", "none", None)}
    assert found == general_by_rule(language, 240, AS_OF, seed=0)
    assert found != general_by_rule(language, 240, AS_OF, seed=1)


def test_answers_are_right() -> None:
    said = {s.messages[0].content: s.answer for s in general_by_rule("en", 600, AS_OF, seed=0)}
    sums = {q.removeprefix("What is ").rstrip("?"): a for q, a in said.items() if " plus " in q or " minus " in q}
    assert len(sums) > 50
    for question, answer in sums.items():
        a, sign, b = question.split()
        assert int(answer) == (int(a) + int(b) if sign == "plus" else int(a) - int(b))
    assert said["Which month comes after December?"] == "January"
    assert said["Which day comes after Sunday?"] == "Monday"
    ordered = {q: a for q, a in said.items() if "alphabetical" in q}
    assert all(a.split(", ") == sorted(q.split(": ")[1].split(", ")) for q, a in ordered.items())


def completions(*texts: str | None) -> list[Completion[Said]]:
    requests = general_requests("en")
    return [
        Completion(
            request, None if text is None else Said(text=text), None, "base-135m", 1, 1, cached=False, attempts=1
        )
        for request, text in zip(requests, texts, strict=False)
    ]


def test_the_base_model_is_asked_simple_questions_without_a_task() -> None:
    for language, n in (("en", 60), ("ru", 52)):
        requests = general_requests(language)
        assert len({request.messages for request in requests}) == n
        assert all(request.stage == "general" and request.subject == "" for request in requests)


def test_its_own_answers_are_learned_as_plain_text() -> None:
    found = general_by_base(completions(" Hello there! ", None, "", "x" * 240), AS_OF)
    assert [(s.answer, s.writer, s.messages[0].content) for s in found] == [
        ("Hello there!", "base-135m", "Say hello in a friendly way.")
    ]


def test_rules_fill_up_what_the_base_model_answered() -> None:
    found = general("en", 5, AS_OF, CONFIG, completions("Hello!", "A star."))
    assert [sample.writer for sample in found] == ["base-135m"] * 2 + ["none"] * 3
    assert len(general("en", 1, AS_OF, CONFIG, completions("Hello!", "A star."))) == 2


def test_a_file_of_the_shops_own_takes_their_place(tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    own = general_by_rule("en", 3, AS_OF, seed=5)
    write_chats(own, file)
    found = general("en", 2, AS_OF, AlignmentDataConfig(general_file=str(file)), completions("Hello!"))
    assert [sample.chat for sample in found] == [sample.chat for sample in own]
    assert {sample.prompt_version for sample in found} == {"file:own.jsonl"}
    with pytest.raises(DataError, match="cannot be read"):
        general("en", 2, AS_OF, AlignmentDataConfig(general_file=str(tmp_path / "no.jsonl")))


def test_other_languages_have_none() -> None:
    with pytest.raises(ConfigError, match="language 'de'"):
        general("de", 1, AS_OF, CONFIG)
