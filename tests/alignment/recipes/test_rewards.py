import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.alignment.config import AlignmentConfig
from intentrec.alignment.recipes.rewards import (
    Parts,
    Question,
    TagReward,
    diversity,
    gated,
    length_score,
    recall,
    summed,
    tags_of,
)
from intentrec.llm import Message

CONFIG = AlignmentConfig(tau_align=0.5, tau_diversity=0.2, tau_length=0.75, shortest_words=2, longest_words=3)
QUESTION = Question((Message(role="user", content="?"),), frozenset({"shoes", "tins"}))
AXES = {"red shoes": [1.0, 0.0], "blue shoes": [1.0, 0.0], "cake tins": [0.0, 1.0]}


def categories(tags):
    return [tag.split()[-1] for tag in tags]


def vectors(tags):
    return np.array([AXES.get(tag, [1.0, 1.0]) for tag in tags])


def reward(**more):
    return TagReward(CONFIG, categories, vectors, **more)


def test_recall_counts_true_categories_once():
    assert recall(["shoes", "shoes", "hats"], {"shoes", "tins"}) == 0.5
    assert recall([], {"shoes"}) == 0
    assert recall(["shoes"], set()) == 0


def test_recall_is_of_what_so_many_tags_can_reach():
    truth = {"shoes", "tins", "hats", "cups"}
    assert recall(["shoes"], truth) == 0.25
    assert recall(["shoes"], truth, 2) == 0.5
    assert recall(["shoes"], {"shoes"}, 2) == 1
    assert recall(["shoes", "tins", "hats"], truth, 2) == 1


def test_diversity_is_the_mean_distance_of_pairs():
    assert diversity(np.array([[2.0, 0.0], [0.0, 3.0], [1.0, 0.0]])) == pytest.approx((1 + 0 + 1) / 3)
    assert diversity(np.array([[1.0, 0.0], [-1.0, 0.0]])) == pytest.approx(2)
    assert diversity(np.array([[1.0, 0.0]])) == 1
    assert diversity(np.array([[0.0, 0.0], [1.0, 0.0]])) == 1


@pytest.mark.parametrize(("words", "score"), [(0, 0), (1, 0.5), (2, 1), (3, 1), (4, 0.5), (5, 0.5), (6, 0)])
def test_a_phrase_is_as_long_as_it_should_be(words, score):
    assert length_score(" ".join(["word"] * words), 2, 3) == score


@pytest.mark.parametrize(
    ("parts", "value"),
    [
        (Parts(0.8, 0.5, 0.2, 0.75), 0.8),
        (Parts(0.8, 0.49, 0.2, 0.75), 0),
        (Parts(0.8, 0.5, 0.19, 0.75), 0),
        (Parts(0.8, 0.5, 0.2, 0.74), 0),
    ],
)
def test_accuracy_counts_only_where_all_thresholds_are_reached(parts, value):
    assert gated(parts, CONFIG) == value


def test_the_sum_pays_for_what_foresees_nothing():
    assert summed(Parts(0, 1, 1, 1), CONFIG) == 3
    assert gated(Parts(0, 1, 1, 1), CONFIG) == 0


@given(st.tuples(*[st.floats(0, 1)] * 4))
def test_a_gated_reward_is_the_accuracy_or_nothing(values):
    assert gated(Parts(*values), CONFIG) in (0, values[0])


def test_tags_are_rewarded_by_what_they_lead_to():
    right = '{"tags":["red shoes","cake tins"]}'
    half, alike, vague = (
        '{"tags":["red shoes","old hats"]}',
        '{"tags":["red shoes","blue shoes"]}',
        '{"tags":["shoes"]}',
    )
    assert reward()([QUESTION] * 4, [right, half, alike, vague]) == [1.0, 0.5, 0.0, 0.0]


@pytest.mark.parametrize("answer", ["", "shoes", "[]", "{}", '{"tags":"shoes"}', '{"tags":[1]}', '{"tags":[]}'])
def test_an_answer_of_another_form_gets_nothing(answer):
    assert tags_of(answer) == []
    assert reward()([QUESTION], [answer]) == [0.0]


def test_the_judge_and_a_retriever_take_part():
    graded = reward(grades=lambda question, tags: [1.0, -0.5])
    assert graded([QUESTION], ['{"tags":["red shoes","cake tins"]}']) == [0.0]
    scored = reward(accuracy=lambda question, tags: 0.25 * len(tags))
    assert scored([QUESTION], ['{"tags":["red shoes","cake tins"]}']) == [0.5]
    plain = TagReward(CONFIG.model_copy(update={"reward": "summed"}), categories, vectors)
    assert plain([QUESTION], ['{"tags":["red shoes","cake tins"]}']) == [1.0 + 1.0 + 1.0 + 1.0]
