"""Training data from labels: balanced, the latest rounds first, in the form that trainers read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.judge.buffer import Labelled, balanced, chat_lines
from intentrec.judge.config import JudgeConfig
from intentrec.judge.criteria import criteria_of
from intentrec.judge.questions import Question
from judge_world import interest, tag

DAY = 86_400.0
RELEVANCE, _, SPECIFICITY, _ = criteria_of("tag", "en")
CONFIG = JudgeConfig(round_days=10)


def labelled(n, verdict, day, criterion=RELEVANCE):
    return Labelled(Question(tag(f"tea pot {n}"), criterion), verdict, day * DAY)


def test_the_rare_verdict_comes_from_all_rounds_and_the_common_one_from_the_latest():
    old = [labelled(n, "no" if n < 2 else "yes", 0) for n in range(10)]
    new = [labelled(n, "no" if n == 10 else "yes", 25) for n in range(10, 15)]
    kept = balanced([*old, *new], CONFIG)
    failing = [example for example in kept if not example.passed]
    passing = [example for example in kept if example.passed]
    assert len(failing) == 3
    assert len(passing) == 3
    assert {example.at for example in passing} == {25 * DAY}
    assert [example.at for example in kept] == sorted(example.at for example in kept)


def test_the_ratio_is_a_setting():
    examples = [labelled(n, "no" if n < 2 else "yes", 0) for n in range(10)]
    assert len(balanced(examples, JudgeConfig(majority_ratio=3.0))) == 2 + 6
    assert len(balanced(examples, JudgeConfig(majority_ratio=50.0))) == 10


def test_criteria_are_balanced_one_by_one_and_one_sided_ones_give_nothing():
    examples = [labelled(n, "no" if n < 1 else "yes", 0) for n in range(5)]
    examples += [labelled(n, "good", 0, SPECIFICITY) for n in range(5)]
    kept = balanced(examples, CONFIG)
    assert [example.question.criterion.name for example in kept] == ["relevance", "relevance"]
    assert balanced([], CONFIG) == []


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 100)), max_size=40))
def test_both_verdicts_are_alike_and_nothing_is_invented(rows):
    examples = [labelled(n, "yes" if passed else "no", day) for n, (passed, day) in enumerate(rows)]
    kept = balanced(examples, CONFIG)
    assert sum(e.passed for e in kept) == sum(not e.passed for e in kept)
    assert len(kept) == 2 * min(sum(p for p, _ in rows), sum(not p for p, _ in rows))
    assert all(example in examples for example in kept)


@pytest.mark.parametrize("small", [True, False])
def test_a_line_is_the_judges_own_prompt_and_the_right_answer(small):
    example = Labelled(Question(interest(), criteria_of("interest", "en")[1]), "weak", 0.0)
    messages = json.loads(chat_lines([example], "en", 5, small=small)[0])["messages"]
    assert messages[0]["role"] == "system"
    assert messages[-1]["role"] == "assistant"
    answer = json.loads(messages[-1]["content"])
    assert answer == ({"answer": "no"} if small else {"quote": "tea cups", "verdict": "weak"})
    assert "tea cups" in messages[-2]["content"]
