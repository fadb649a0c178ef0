"""The gate of explanations: each rule by hand, and what must hold for any text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.explanations import ExplanationsConfig
from intentrec.explanations.gate import refuse_text, rests_on
from intentrec.llm.prompts import Prompt

CONFIG = ExplanationsConfig()
FACTS = ("copper kettle 2l", "copper kettle", "tea things")
RULES = {
    "empty", "echo", "too-short", "too-long", "incomplete", "repetitive", "copies-title", "wrong-language", "cliche",
    "invented", "off-topic",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Boils water for your tea breaks", None),
        ("Room for 2l of tea", None),
        ("", "empty"),
        ("{text} for tea", "echo"),
        ("Tea kettle", "too-short"),
        ("This kettle boils all of the water that anybody could ever want for a cup of tea", "too-long"),
        ("This kettle boils water for the", "incomplete"),
        ("A kettle is a kettle", "repetitive"),
        ("Copper 2L kettle!", "copies-title"),
        ("The kettle for tea time", "copies-title"),
        ("Чай и kettle всегда рядом", "wrong-language"),
        ("The best kettle to boil water", "cliche"),
        ("A must-have kettle to boil water", "cliche"),
        ("The most expensive kettle ever made", "cliche"),
        ("An amazing kettle to boil water", "cliche"),
        ("A beautiful kettle to boil water", "cliche"),
        ("A kettle for every evening", None),
        ("A leather kettle boils water", "invented"),
        ("A copper kettle boils water", None),
        ("Boils tea water in 3 minutes", "invented"),
        ("An Acme kettle boils water", "invented"),
        ("Boils water whenever wanted", "off-topic"),
    ],
)
def test_sentences(text, rule):
    assert refuse_text(text, "tea time", FACTS, ("acme",), CONFIG, "en") == rule


@pytest.mark.parametrize(
    ("text", "interest", "rule"),
    [
        ("The copper kettle may suit your interest in kettles", "kettles", None),
        ("The copper kettle may suit your interest in tin kettles", "tin kettles", None),
        ("The copper kettle may suit those with kettles in mind", "tin kettles", "repetitive"),  # not named in full
        ("The kettle kettle may suit your interest in kettles", "kettles", "repetitive"),
        ("A kettle is a kettle", "kettles", "copies-title"),
        ("The home sweet home mug may suit your tea time", "tea time", None),
        ("The home sweet home mug is for home and tea time", "tea time", "repetitive"),
        ("The home sweet home mug may suit your interest in mugs", "mugs", None),
    ],
)
def test_a_name_that_is_quoted_in_full_is_no_repetition(text, interest, rule):
    facts = ("home sweet home mug", "mug", "mugs") if "mug" in text else FACTS
    assert refuse_text(text, interest, facts, (), CONFIG, "en") == rule


def test_russian_sentences_may_quote_foreign_titles():
    assert refuse_text("Вскипятит воду: kettle для чая", "tea time", FACTS, (), CONFIG, "ru") is None
    assert refuse_text("Boils water for your tea", "tea time", FACTS, (), CONFIG, "ru") == "wrong-language"
    assert refuse_text("Лучший kettle для воды", "tea time", FACTS, (), CONFIG, "ru") == "cliche"


@pytest.mark.parametrize(
    ("text", "language", "rule"),
    [
        ("Близко к тому, что вам нравится: «чай»", "ru", None),
        ("Вскипятит воду для «вашего ответа»", "ru", "echo"),
        ("Вскипятит воду для «чая", "ru", "echo"),
        ("Boils water for your «tea»", "en", "echo"),
    ],
)
def test_only_russian_quotes_names_in_guillemets(text, language, rule):
    interest = "чай" if language == "ru" else "tea time"
    assert refuse_text(text, interest, FACTS, (), CONFIG, language) == rule


@pytest.mark.parametrize(
    "praise", ["самый дорогой", "идеальная", "потрясающее", "лучшее", "прекрасный", "восхитительно"]
)
def test_russian_praise_is_refused_whatever_its_ending(praise):
    assert refuse_text(f"Это {praise} kettle для воды", "tea time", FACTS, (), CONFIG, "ru") == "cliche"


def test_evidence_is_the_words_shared_with_item_and_interest():
    assert rests_on("Kettles for the tea, kettles for you", "copper kettle tea time") == ["kettles", "tea"]


@given(st.text(max_size=120))
def test_any_text_gets_one_of_the_fixed_words(text):
    assert refuse_text(text, "tea time", FACTS, ("acme",), CONFIG, "en") in RULES | {None}


@given(st.text(max_size=120))
def test_what_passes_is_short_and_rests_on_something(text):
    if refuse_text(text, "tea time", FACTS, (), CONFIG, "en") is None:
        assert CONFIG.min_words <= len(text.split()) + text.count("-") * 3
        assert rests_on(text, " ".join((*FACTS, "tea time")))


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_examples_in_the_prompt_pass_the_gate(language):
    values = {"month": "x", "interest": "x", "name": "x", "category": "x"}
    messages = Prompt.load("intentrec.explanations", "explain", language).render(**values)
    asked = [m.content for m in messages if m.role == "user"]
    said = [re.findall('"text":"(.*)"', m.content)[0] for m in messages if m.role == "assistant"]

    for question, text in zip(asked, said, strict=False):
        interest, *facts = re.findall("«(.*?)»", question)
        assert refuse_text(text, interest, facts, (), CONFIG, language) is None
    assert len(said) == 2
