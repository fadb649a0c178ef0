"""The gate of tags: each rule by hand, and what must hold for any text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.tags import TagsConfig
from intentrec.tags.gate import is_vague, refuse_again, refuse_reason, refuse_relevance, refuse_wording

CONFIG = TagsConfig()
RULES = {"echo", "empty-phrase", "no-modifier", "too-long", "vague", "wrong-language", "brand"}


@pytest.mark.parametrize(
    ("tag", "rule"),
    [
        ("waterproof hiking boots", None),
        ("...", "echo"),
        ("<tag> one", "echo"),
        ("!!", "empty-phrase"),
        ("boots", "no-modifier"),
        ("very long boots for walking over high hills", "too-long"),
        ("smart boots", "vague"),
        ("modular set", "vague"),
        ("smart hiking boots", None),
        ("непромокаемые ботинки", "wrong-language"),
        ("Nike hiking boots", "brand"),
    ],
)
def test_words(tag, rule):
    assert refuse_wording(tag, ("nike",), (), CONFIG, "en") == rule


def test_scripts_of_the_catalogue_are_allowed_too():
    assert refuse_wording("hiking boots", (), ("latin",), CONFIG, "ru") is None
    assert refuse_wording("hiking boots", (), (), CONFIG, "ru") == "wrong-language"
    assert refuse_wording("походные ботинки", (), (), CONFIG, "ru") is None


def test_relevance():
    assert refuse_relevance(0.29, CONFIG) == "off-interest"
    assert refuse_relevance(0.3, CONFIG) is None


def test_again_by_words_and_by_meaning():
    east, north = np.array([1, 0], dtype=np.float32), np.array([0, 1], dtype=np.float32)
    vectors = np.array([east])

    assert refuse_again("recent", "Boots hiking", north, ["hiking boot"], vectors, CONFIG) == "recent"
    assert refuse_again("repeats", "other boots", east, ["hiking boot"], vectors, CONFIG) == "repeats"
    assert refuse_again("repeats", "other boots", north, ["hiking boot"], vectors, CONFIG) is None
    assert refuse_again("repeats", "other boots", north, [], vectors[:0], CONFIG) is None


@pytest.mark.parametrize(
    ("reason", "rule"),
    [
        ("goes with the tea", None),
        ("...", "echo"),
        ("tea", "empty-phrase"),
        ("tea " * 31, "too-long"),
        ("к чаю подойдёт", "wrong-language"),
    ],
)
def test_reasons(reason, rule):
    assert refuse_reason(reason, (), CONFIG, "en") == rule


@given(st.text(max_size=80))
def test_any_text_gets_one_of_the_fixed_words(tag):
    assert refuse_wording(tag, ("acme",), ("latin",), CONFIG, "en") in RULES | {None}


@given(st.lists(st.sampled_from(CONFIG.vague_words), min_size=1, max_size=5))
def test_vague_words_alone_are_vague(said):
    assert is_vague(" ".join(said), CONFIG)


@given(st.text(max_size=40), st.sampled_from(["Acme", "Old Mill", "ФАБРИКА"]))
def test_a_tag_with_a_brand_never_passes(text, brand):
    assert refuse_wording(f"{text} {brand} boots", ("acme", "old mill", "фабрика"), ("latin", "cyrillic"), CONFIG, "en")
