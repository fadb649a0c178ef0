import numpy as np
import pytest

from intentrec.text.categories import TagToCategory
from intentrec.text.clusters import unit
from intentrec.text.hashing import HashingEmbedder

TITLES = ["red lunch bag", "owl lunch bag", "blue lunch bag", "metal sign", "door sign", "garden sign", "cake stand"]
CATEGORIES = ["bags"] * 3 + ["signs"] * 3 + ["baking"]


def phi(neighbours=3):
    return TagToCategory(HashingEmbedder().embed(TITLES), CATEGORIES, neighbours)


def test_a_tag_goes_where_its_nearest_items_are():
    tags = HashingEmbedder().embed(["spotty lunch bag", "vintage metal sign", "glass cake stand"])
    assert phi().predict(tags) == ["bags", "signs", "baking"]


def test_one_close_item_outweighs_several_far_ones():
    vectors = unit(np.array([[1, 0.1], [0.5, 1], [0.5, 1.01]], dtype=np.float32))
    assert TagToCategory(vectors, ["near", "far", "far"], 3).predict(unit(np.array([[1.0, 0.0]]))) == ["near"]


def test_of_equal_votes_the_first_name_wins():
    vectors = unit(np.array([[1, 1], [1, 1]], dtype=np.float32))
    assert TagToCategory(vectors, ["b", "a"], 2).predict(vectors[:1]) == ["a"]


def test_more_neighbours_than_items_are_all_of_them():
    assert phi(1000).predict(HashingEmbedder().embed(["lunch bag"])) == ["bags"]


def test_no_vectors_have_no_categories():
    assert phi().predict(np.empty((0, 256), dtype=np.float32)) == []


@pytest.mark.parametrize("categories", [[], ["a"]])
def test_every_item_needs_a_category(categories):
    with pytest.raises(ValueError, match="one category per item"):
        TagToCategory(np.zeros((len(categories) * 2, 4), dtype=np.float32), categories)
