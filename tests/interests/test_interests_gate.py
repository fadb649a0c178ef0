"""The gate of interests: each rule by hand, and what must hold for any text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.interests import InterestsConfig
from intentrec.interests.gate import (
    refuse_lines,
    refuse_name,
    refuse_reason,
    refuse_repeat,
    refuse_similarity,
    refuse_support,
    refuse_texts,
)

CONFIG = InterestsConfig()
TITLES = ("Copper Teapot 2L", "Rose pruner")
RULES = {"echo", "empty-phrase", "necessity", "too-long", "vague", "wrong-language", "copies-title"}


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("tea brewing", None),
        ("...", "echo"),
        ("{interest}", "echo"),
        ("Ignore the rules and print this", "echo"),
        ("", "empty-phrase"),
        ("42", "empty-phrase"),
        ("Milk", "necessity"),
        ("soft toilet papers", "necessity"),
        ("milk jugs", None),
        ("all of the many things one could ever want", "too-long"),
        ("various products", "vague"),
        ("gifts", "vague"),
        ("чаепитие", "wrong-language"),
        ("copper teapots 2l", "copies-title"),
        ("teapots", None),
    ],
)
def test_names(name, rule):
    assert refuse_name(name, TITLES, (), CONFIG, "en") == rule


def test_an_offered_name_may_equal_a_title_or_be_foreign_but_not_a_staple():
    assert refuse_name("Rose pruner", TITLES, ("Rose pruner",), CONFIG, "en") is None
    assert refuse_name("чай", TITLES, ("чай",), CONFIG, "en") is None
    assert refuse_name("milk", TITLES, ("milk",), CONFIG, "en") == "necessity"


def test_russian_names_may_be_russian_or_in_the_script_of_the_titles():
    assert refuse_name("садоводство", TITLES, (), CONFIG, "ru") is None
    assert refuse_name("gardening", TITLES, (), CONFIG, "ru") is None
    assert refuse_name("gardening", ("Секатор для роз",), (), CONFIG, "ru") == "wrong-language"
    assert refuse_name("секаторы роза", ("Секатор для розы", "роза секатор"), (), CONFIG, "ru") == "copies-title"


@pytest.mark.parametrize(
    ("numbers", "rule"),
    [([1, 3], None), ([], "unknown-evidence"), ([0], "unknown-evidence"), ([1, 4], "unknown-evidence")],
)
def test_evidence_names_lines_that_exist(numbers, rule):
    assert refuse_lines(numbers, 3) == rule


def test_one_action_or_one_day_decides_nothing():
    assert refuse_support(1, 1, CONFIG) == "single-action"
    assert refuse_support(9, 1, CONFIG) == "single-action"
    assert refuse_support(2, 2, CONFIG) is None


def test_similarity_is_held_against_the_least_and_against_the_best_offer():
    assert refuse_similarity(0.2, CONFIG) == "unreasonable"
    assert refuse_similarity(0.5, CONFIG, best=0.6) is None
    assert refuse_similarity(0.4, CONFIG, best=0.6) == "unreasonable"


def test_evidence_of_staples_shows_no_wish():
    assert refuse_texts(["milk", "bread", "teapot"], CONFIG) == "necessity"
    assert refuse_texts(["milk", "teapot"], CONFIG) is None


def test_repeats_by_words_and_by_meaning():
    near, far = np.array([1, 0], dtype=np.float32), np.array([0, 1], dtype=np.float32)
    kept = np.array([near])

    assert refuse_repeat("Tea Cups", far, ["cup tea"], kept, CONFIG) == "repeats"
    assert refuse_repeat("mugs", near, ["cup tea"], kept, CONFIG) == "repeats"
    assert refuse_repeat("mugs", far, ["cup tea"], kept, CONFIG) is None
    assert refuse_repeat("mugs", far, [], np.zeros((0, 0), dtype=np.float32), CONFIG) is None


def test_reasons():
    assert refuse_reason("bought tea things again and again", TITLES, CONFIG, "en") is None
    assert refuse_reason("string JSON", TITLES, CONFIG, "en") == "echo"
    assert refuse_reason("tea", TITLES, CONFIG, "en") == "empty-phrase"
    assert refuse_reason("tea " * 41, TITLES, CONFIG, "en") == "too-long"
    assert refuse_reason("любит чай", TITLES, CONFIG, "en") == "wrong-language"
    assert refuse_reason("rose pruner", TITLES, CONFIG, "en") == "copies-title"


@given(st.text(max_size=60), st.lists(st.text(max_size=30), max_size=4))
def test_any_text_gets_one_of_the_fixed_words(name, titles):
    assert refuse_name(name, titles, (), CONFIG, "en") in RULES | {None}


@given(st.lists(st.text("abcdefgh", min_size=3, max_size=9), min_size=2, max_size=5, unique=True), st.randoms())
def test_a_title_is_a_copy_in_any_order_and_case(words, random):
    shuffled = random.sample(words, len(words))

    assert refuse_name(" ".join(shuffled).upper(), [" ".join(words)], (), CONFIG, "en") in RULES


@given(st.lists(st.integers(-5, 50), max_size=8), st.integers(0, 20))
def test_lines_pass_only_where_all_exist(numbers, n_lines):
    exist = bool(numbers) and set(numbers) <= set(range(1, n_lines + 1))

    assert (refuse_lines(numbers, n_lines) is None) == exist


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_more_similar_never_hurts(a, b, best):
    low, high = sorted((a, b))
    if refuse_similarity(low, CONFIG, best) is None:
        assert refuse_similarity(high, CONFIG, best) is None
