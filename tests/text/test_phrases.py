import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intentrec.text.phrases import core_place, fit_phrases

COLOURS = ("RED", "BLUE", "PINK", "GREEN")
ENGLISH = [
    *(f"{colour} LUNCH BAG" for colour in COLOURS),
    *(f"{colour} TOTE BAG" for colour in COLOURS),
    "SPOTTY LUNCH BAG", "WOODLAND LUNCH BAG", "WOODLAND TOTE BAG", "WOODLAND CAKE STAND", "GLASS CAKE STAND",
    "VINTAGE CAKE STAND", "METAL DOOR SIGN", "VINTAGE DOOR SIGN", "GARDEN SIGN", "VINTAGE T-LIGHT HOLDERS",
    "GLASS T-LIGHT HOLDER", "HEART T-LIGHT HOLDER", "LUNCH BAG VINTAGE WOODLAND",
]  # fmt: skip
RUSSIAN = [
    "Кроссовки мужские беговые", "Кроссовки женские зимние", "Кроссовки детские", "Сумка женская кожаная",
    "Сумка дорожная", "Сумка спортивная мужская", "Чайник электрический", "Чайник стеклянный", "Кружка керамическая",
]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "phrase"),
    [
        ("RED LUNCH BAG", "lunch bag"),
        ("SET OF 3 WOODLAND CAKE STANDS", "cake stand"),
        ("LUNCH BAG VINTAGE WOODLAND", "lunch bag"),  # the core word stands inside
        ("GIANT PAISLEY LUNCH BAG", "lunch bag"),
        ("SILVER HEART T-LIGHT HOLDER", "t-light holder"),
        ("BAG ENGLISH ROSE", "rose bag"),  # what follows a core word at the start describes it
        ("MOON LAMP", "moon lamp"),  # unseen words
        ("SET OF 6 RED", "red"),  # nothing but noise: the plain title
    ],
)
def test_a_phrase_is_a_modifier_and_a_core_word(title, phrase):
    assert fit_phrases(ENGLISH).phrase(title) == phrase


def test_core_words_are_read_off_the_catalogue():
    model = fit_phrases(ENGLISH)
    assert not model.core_first
    assert model.coreness["bag"] > 0.7 > model.coreness["woodland"]


def test_a_language_that_puts_the_noun_first_keeps_its_order():
    model = fit_phrases(RUSSIAN)
    assert model.core_first
    assert model.phrase("Сумка женская синяя") == "сумка женская"
    assert model.phrase("Кроссовки мужские беговые") == "кроссовки мужские"


def test_a_phrase_is_spelled_as_most_titles_spell_it():
    model = fit_phrases(["SPICE TINS", "RED SPICE TINS", "BLUE SPICE TIN"])
    assert {model.phrase(title) for title in ("SPICE TIN", "SPICE TINS")} == {"spice tins"}


def test_a_longer_phrase_wins_where_three_titles_share_it():
    titles = ["HEART HOT WATER BOTTLE", "OWL HOT WATER BOTTLE", "FOX HOT WATER BOTTLE", "WINE BOTTLE"]
    assert fit_phrases(titles).phrase("STAR HOT WATER BOTTLE") == "hot water bottle"


def test_words_that_belong_together_stay_together():
    titles = ["UNION JACK CUSHION", "UNION JACK MUG", "RED UNION JACK BAG", "VINTAGE CUSHION", "OLD CUSHION"]
    assert fit_phrases(titles).phrase("VINTAGE UNION JACK CUSHION") == "union jack cushion"
    assert fit_phrases(titles).phrase("OLD VINTAGE CUSHION") == "vintage cushion"


def test_equal_titles_count_once():
    assert fit_phrases(["CAKE STAND"] * 5).counts[("stand",)] == 1


def test_an_empty_catalogue_still_names_titles():
    assert fit_phrases([]).phrase("RED LUNCH BAG") == "lunch bag"


def test_of_equal_words_the_last_is_the_core():
    assert core_place(["one", "two", "three"], {}) == 2


@given(st.lists(st.text(max_size=40), max_size=8), st.text(min_size=1, max_size=40))
@settings(max_examples=80)
def test_any_title_has_a_phrase_that_does_not_depend_on_order(titles, title):
    phrase = fit_phrases(titles).phrase(title)
    assert phrase
    assert phrase == fit_phrases(titles[::-1]).phrase(title)
