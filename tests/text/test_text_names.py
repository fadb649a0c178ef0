import numpy as np

from intentrec.text.names import group_names, key_phrases
from intentrec.text.phrases import fit_phrases

LUNCH = [f"{colour} LUNCH BAG" for colour in ("OWL", "FOX", "STAR", "MOON")]
CAKES = ["GLASS CAKE STAND", "VINTAGE CAKE STAND", "PARTY CAKE CASES", "FAIRY CAKE CASES", "SPOTTY CAKE CASES"]
SIGNS = ["OWL METAL SIGN", "DOOR METAL SIGN", "GARDEN SIGN"]
TITLES = [*LUNCH, *CAKES, *SIGNS]
MODEL = fit_phrases(TITLES)


def test_groups_are_named_by_what_is_typical_of_them():
    labels = np.array([0] * len(LUNCH) + [1] * len(CAKES) + [2] * len(SIGNS))
    assert group_names(TITLES, labels, MODEL) == ["lunch bag", "cake cases", "metal sign"]


def test_a_group_of_two_kinds_has_two_phrases():
    titles = ["GLASS CAKE STAND", "PARTY CAKE STAND", "METAL SIGN", "DOOR METAL SIGN", "GARDEN GNOME"]
    assert group_names(titles, np.zeros(5, dtype=np.int64), fit_phrases(titles)) == ["cake stand & metal sign"]


def test_a_modifier_that_most_share_enters_the_name():
    titles = [
        "OWL HOT WATER BOTTLE",
        "FOX HOT WATER BOTTLE",
        "STAR HOT WATER BOTTLE",
        "GLASS BOTTLE",
        "OLD WATER BOTTLE",
    ]
    assert group_names(titles, np.zeros(5, dtype=np.int64), fit_phrases(titles)) == ["hot water bottle"]


def test_no_two_groups_share_a_name():
    titles = ["OWL LUNCH BAG", "FOX LUNCH BAG"] * 3
    names = group_names(titles, np.array([0, 0, 1, 1, 2, 2]), fit_phrases(titles))
    assert len(set(names)) == 3
    assert all("lunch bag" in name for name in names)


def test_a_name_that_runs_out_of_phrases_is_numbered():
    names = group_names(["BAG", "BAG"], np.array([0, 1]), fit_phrases(["BAG"]))
    assert names == ["bag", "bag 2"]


def test_titles_without_words_still_name_a_group():
    assert group_names(["123"], np.array([0]), fit_phrases(["123"])) == ["123"]


def test_no_titles_have_no_groups():
    assert group_names([], np.empty(0, dtype=np.int64), MODEL) == []


def test_key_phrases_prefer_modifier_and_core_and_count_their_titles():
    phrases = key_phrases(CAKES, MODEL, min_titles=2)
    assert [(phrase.text, phrase.n_titles) for phrase in phrases] == [("cake cases", 3), ("cake stand", 2)]


def test_key_phrases_that_too_few_titles_share_are_left_out():
    assert key_phrases(SIGNS, MODEL, min_titles=4) == []
