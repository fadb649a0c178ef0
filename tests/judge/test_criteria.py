"""What things are judged by: complete in both languages, with examples of every verdict."""

import pytest
from pydantic import ValidationError

from intentrec.errors import ConfigError
from intentrec.judge.criteria import CRITERIA, TASKS, Criterion, criteria_of, criterion_of


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("task", TASKS)
def test_every_verdict_has_a_meaning_and_an_example(task, language):
    for criterion in criteria_of(task, language):
        assert set(criterion.meanings) == set(criterion.levels)
        assert {example.verdict for example in criterion.examples} == set(criterion.levels)
        assert criterion.question.endswith("?")


def test_both_languages_judge_by_the_same():
    for task in TASKS:
        english, russian = criteria_of(task, "en"), criteria_of(task, "ru")
        assert [(c.name, c.levels, c.passes, c.merit) for c in english] == [
            (c.name, c.levels, c.passes, c.merit) for c in russian
        ]
        assert all(e.question != r.question for e, r in zip(english, russian, strict=True))


def test_the_criteria_are_those_of_the_papers():
    assert {task: [c.name for c in criteria] for task, criteria in CRITERIA.items()} == {
        "interest": ["willingness", "reasonableness", "hallucination"],
        "tag": ["relevance", "consistency", "specificity", "validity"],
        "explanation": [
            "relevance", "factuality", "clarity", "safety", "timeliness", "informativeness", "attractiveness",
        ],
    }  # fmt: skip
    assert [c.name for c in CRITERIA["explanation"] if c.merit] == ["timeliness", "informativeness", "attractiveness"]


def test_only_what_has_more_than_one_passing_verdict_can_shine():
    shining = {(task, c.name) for task, criteria in CRITERIA.items() for c in criteria if c.shines}
    assert ("tag", "specificity") in shining
    assert ("interest", "reasonableness") not in shining
    reasonableness = criterion_of("interest", "reasonableness")
    assert (reasonableness.worst, reasonableness.plain) == ("none", "strong")
    factuality = criterion_of("explanation", "factuality")
    assert (factuality.worst, factuality.plain) == ("bad", "good")


def test_what_is_unknown_is_none():
    assert criterion_of("interest", "beauty") is None
    assert criterion_of("songs", "relevance") is None


def test_a_language_without_texts_is_named():
    with pytest.raises(ConfigError, match="no criteria in language 'fr'"):
        criteria_of("tag", "fr")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"meanings": {"yes": "y"}}, "meanings must be given for no, yes"),
        ({"examples": [{"shown": "a b", "quote": "b", "verdict": "maybe"}]}, "'maybe' of an example is none"),
        ({"examples": [{"shown": "a b", "quote": "c", "verdict": "yes"}]}, "'c' of an example does not stand"),
    ],
)
def test_texts_that_contradict_themselves_are_refused(change, message):
    good = {
        "task": "tag", "name": "n", "levels": ("no", "yes"), "passes": ("yes",), "merit": False, "question": "q?",
        "definition": "d", "meanings": {"no": "n", "yes": "y"}, "examples": [],
    }  # fmt: skip
    Criterion.model_validate(good)
    with pytest.raises(ValidationError, match=message):
        Criterion.model_validate(good | change)
