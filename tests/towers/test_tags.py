import numpy as np
import polars as pl
import pytest

from intentrec.codes import Codes
from intentrec.errors import DataError
from intentrec.towers.tags import ItemTags, WordBags, vocabulary

TABLE = pl.DataFrame(
    {
        "item_id": ["b", "a", "gone", "a"],
        "phrase": ["red pot", "big pan", "red pot", "late twin"],
        "category": ["pots", None, "pots", "pots"],
    }
)


def test_each_item_has_one_tag_and_category_or_none():
    tags = ItemTags.build(TABLE, Codes(("a", "b", "c")))
    assert tags.names == ("big pan", "late twin", "red pot")
    assert tags.tag.tolist() == [1, 3, 0]
    assert tags.category.tolist() == [0, 1, 0]
    assert tags.vectors is None


def test_a_tag_keeps_its_first_text_vector():
    tags = ItemTags.build(TABLE, Codes(("a",)), np.array([[1.0], [2.0], [3.0], [4.0]]))
    assert tags.vectors.tolist() == [[2.0], [4.0], [1.0]]
    with pytest.raises(DataError, match="1 text vectors for 4 tags"):
        ItemTags.build(TABLE, Codes(("a",)), np.zeros((1, 1)))


def test_bags_hold_known_words_and_never_nothing():
    codes = vocabulary(["red pot"], ["Big RED pan"])
    assert codes.names == ("big", "pan", "pot", "red")
    bags = WordBags.of(["pot red", "unheard", "", "PAN"], codes)
    assert bags.words.tolist() == [3, 4, 0, 0, 2]
    assert bags.starts.tolist() == [0, 2, 3, 4]
    turned = bags.rows(np.array([3, 0]))
    assert turned.words.tolist() == [2, 3, 4]
    assert turned.starts.tolist() == [0, 1]
    assert WordBags.of([], codes).words.tolist() == []


def test_codes_are_places_in_order_and_unknown_names_have_none():
    codes = Codes.of(["b", None, "a", "b"])
    assert (codes.names, len(codes)) == (("a", "b"), 2)
    assert codes.known(["b", "z", "a"]).tolist() == [1, 0]
    assert codes.shifted(["b", None, "z"]).tolist() == [2, 0, 0]
    assert codes.frame("name", "code").rows() == [("a", 0), ("b", 1)]
