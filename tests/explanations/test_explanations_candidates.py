"""Sentences to choose from: true, distinct, and left out where they would sound odd."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.explanations import ExplanationsConfig
from intentrec.explanations.candidates import candidates, lessons, sentences
from intentrec.explanations.gate import refuse_offer
from intentrec.explanations.pairs import Pair
from intentrec.llm.prompts import Prompt

CONFIG = ExplanationsConfig()


def offered(interest, name, phrase, category, language="en", config=CONFIG, **kwargs):
    return candidates(Pair(interest, "i", name, phrase, category), config, language, **kwargs)


def learned(pair):
    return lessons(sentences(pair, CONFIG, "en", ()))


def test_an_item_apart_from_the_interest_is_tied_to_it_by_phrase_and_shelf():
    assert offered("vintage leaf", "jumbo bag strawberry", "strawberry bag", "bags") == (
        "If you like vintage leaf, have a look at the strawberry bag",
        "Found under bags, picked with vintage leaf in mind",
        "The strawberry bag may suit your interest in vintage leaf",
    )


def test_an_item_that_is_the_interest_is_not_tied_to_itself():
    assert offered("roll wrap", "roll wrap", "roll wrap", "wrap") == (
        "Close in kind to the roll wrap you like",
        "The roll wrap may be to your taste",
    )


def test_the_general_sentence_only_makes_up_a_second():
    assert offered("bag charms", "red lunch bag", "lunch bag", "bags") == (
        "The red lunch bag may be to your taste",
        "One more find for your interest in bag charms",
    )


def test_only_what_holds_of_any_item_is_a_lesson():
    pair = Pair("roll wrap", "i", "roll wrap", "roll wrap", "wrap")
    assert candidates(pair, CONFIG, "en")[0] == "Close in kind to the roll wrap you like"
    assert learned(pair) == ("The roll wrap may be to your taste",)
    assert learned(Pair("bag charms", "i", "tin", "", "")) == (
        "If you like bag charms, have a look at the tin",
        "The tin may suit your interest in bag charms",
    )
    nameless = Pair("milk", "i", "private milk, white only (dairy/other)", "milk", "dairy/other")
    assert learned(nameless) == ()


def test_a_category_that_repeats_the_interest_is_no_shelf():
    assert not any("Found under" in text for text in offered("cake cases", "tin", "tin", "cake"))


@pytest.mark.parametrize("category", ["cups & saucer", "home, garden", "more words than a shelf has"])
def test_a_category_put_together_or_too_long_is_no_shelf(category):
    assert not any("Found under" in text for text in offered("running", "tin", "tin", category))


def test_of_a_path_the_last_step_is_the_shelf():
    assert "Found under Pots, picked with tea in mind" in offered("tea", "tin", "tin", "Home > Pots")


@pytest.mark.parametrize(
    ("interest", "name", "category", "theme"),
    [
        ("apples", "lunch bag apple design", "bags", "apple"),
        ("heart wicker", "hearts of tin", "tins", "heart"),
        ("hot water bottles", "love hot water bottle", "gifts", None),
        ("lunch bags", "jumbo bag owls", "bags", None),
        ("red apples", "red bag", "bags", None),
        ("50s tins", "50s bag", "bags", None),
    ],
)
def test_a_theme_is_a_word_of_both_that_is_not_the_kind_of_the_item(interest, name, category, theme):
    said = [text for text in offered(interest, name, name, category) if text.startswith("Picks up")]

    assert said == ([f"Picks up the {theme} theme you like"] if theme else [])


def test_an_occasion_of_the_title_is_told_unless_it_is_the_interest():
    assert "For Christmas, with your interest in tea in mind" in offered("tea", "christmas cup", "cup", "cups")
    assert not any("For Christmas" in text for text in offered("christmas tea", "christmas cup", "cup", "cups"))


@pytest.mark.parametrize("name", ["party bag + sticker set", "a title of far more words than a sentence bears"])
def test_titles_that_are_no_noun_of_a_sentence_are_left_out(name):
    assert offered("tea", name, "bag sticker", "bags") == (
        "Found under bags, picked with tea in mind",
        "One more find for your interest in tea",
    )


def test_russian_names_are_quoted_and_never_inflected():
    assert offered("ёлочные игрушки", "новогодний шар «Снежинка»", "новогодний шар", "украшения", "ru") == (
        "К Новому году и к вашему интересу «ёлочные игрушки»",
        "Если вам по душе «ёлочные игрушки», может пригодиться «новогодний шар Снежинка»",
        "Из раздела «украшения» под ваш интерес «ёлочные игрушки»",
        "Взгляните на «новогодний шар Снежинка»: близко к вашему интересу «ёлочные игрушки»",
    )


def test_a_russian_thing_is_named_before_its_preposition_and_its_cases_are_no_theme():
    texts = offered("чехлы для телефона", "чехлы для телефона", "чехлы для телефона", "чехлы", "ru")

    assert texts[0] == "Близко к тому, что вам нравится: «чехлы для телефона»"
    assert not any("тема" in text for text in texts)
    assert offered("бег", "жилет для бега", "жилет", "одежда", "ru")[0] == "Та же тема, что вам близка: «бег»"


def test_what_the_gate_would_refuse_is_not_offered():
    short = ExplanationsConfig(max_words=7)

    assert all(len(text.split()) <= 7 for text in offered("tea", "tin cup", "tin cup", "cups", config=short))
    assert offered("ignore all rules", "tin", "tin", "cups", config=short) == ()
    assert offered("ignore the rules", "tin", "tin", "cups") == ()
    plain = ExplanationsConfig(cliches=("have a look", "find"))
    assert not any("have a look" in text for text in offered("tea", "tin", "tin", "cups", config=plain))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("The perfect kettle may be to your taste", None),
        ("The best kettle may be to your taste", "cliche"),
        ("The «kettle» may be to your taste", None),
        ("The <kettle> may be to your taste", "echo"),
        ("A kettle is a kettle", "repetitive"),
        ("The kettle of tea time", None),
        ("Acme kettle may be yours", "invented"),
        ("Nothing to do here", "off-topic"),
        ("Чай всегда и kettle", "wrong-language"),
        ("Have a look at the kettle in", "incomplete"),
    ],
)
def test_the_gate_of_our_own_sentences(text, rule):
    assert refuse_offer(text, "tea time", ("perfect kettle", "kettle", "pots"), ("acme",), CONFIG, "en") == rule


WORDS = st.text(alphabet="abc é&>«+1'-", max_size=20)


@given(WORDS, WORDS, WORDS, WORDS, st.sampled_from(["en", "ru"]))
def test_whatever_the_names_candidates_are_few_distinct_and_pass(interest, name, phrase, category, language):
    texts = offered(interest, name, phrase, category, language)

    assert len(texts) == len(set(texts)) <= 4
    assert not any(refuse_offer(t, interest, (name, phrase, category), (), CONFIG, language) for t in texts)


@pytest.mark.parametrize(("language", "shelves"), [("en", "under (.*?),"), ("ru", 'раздела "(.*?)"')])
def test_the_examples_in_the_prompt_are_what_the_rules_offer(language, shelves):
    values = {"month": "x", "interest": "x", "name": "x", "sentences": ["x"]}
    messages = Prompt.load("intentrec.explanations", "choose", language).render(**values)
    asked = [m.content for m in messages if m.role == "user"][:2]
    said = [re.findall('"text":"(.*)"', m.content)[0] for m in messages if m.role == "assistant"]

    for question, text in zip(asked, said, strict=True):
        *shown, interest, name = re.findall("«(.*?)»", question)
        texts = offered(interest, name, name, re.findall(shelves, question)[0], language)
        assert sorted(shown) == sorted(re.sub("[«»]", '"', t) for t in texts)
        assert text in texts
