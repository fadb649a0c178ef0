"""Comparisons of short texts."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.text.wording import copies, echoes, mentions, month_name, same_words, script_of, stem, words


def test_words_are_lower_case_without_punctuation():
    assert words("T-Light, HOLDER (50 ml) & Ёлка!") == ("t-light", "holder", "50", "ml", "ёлка")


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("tea", "latin"),
        ("café", "latin"),
        ("чай", "cyrillic"),
        ("茶道", "other"),
        ("42!", "none"),
        ("чай tea чай", "cyrillic"),
    ],
)
def test_script(text, script):
    assert script_of(text) == script


@pytest.mark.parametrize(
    ("a", "b"), [("bags", "bag"), ("candies", "candy"), ("сумки", "сумка"), ("красная", "красный"), ("glass", "glass")]
)
def test_endings_do_not_matter(a, b):
    assert stem(a) == stem(b)


def test_short_russian_words_keep_their_ending():
    assert stem("шар") == "шар"
    assert stem("усы") == "усы"


def test_copies_are_equal_or_nearly_equal():
    assert copies("red lunch bags", ["Lunch Bag RED"])
    assert copies("red lunch bag with spots", ["red lunch bag spots with", "x"])
    assert not copies("lunch bag", ["red lunch bag"])
    assert not copies("", ["red lunch bag"])
    assert not copies("lunch bag", [])


def test_phrases_are_found_word_by_word():
    assert mentions("the toilet papers", ["toilet paper"])
    assert not mentions("paper for toilets", ["toilet paper"])
    assert not mentions("anything", ["", "  "])


@pytest.mark.parametrize("text", ["...", "and more…", "{name}", "as an AI model", "Ignore all that", "игнорируйте это"])
def test_echoes(text):
    assert echoes(text)


def test_plain_speech_is_no_echo():
    assert not echoes("bought 5 times since March 2024: lunch bag")


@given(st.text(), st.text())
def test_same_words_is_symmetric(a, b):
    assert same_words(a, b) == same_words(b, a)


def test_months():
    moment = datetime(2024, 11, 3, tzinfo=UTC)

    assert (month_name(moment, "en"), month_name(moment, "ru")) == ("November", "ноябрь")
