import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from intentrec.text.hashing import HashingEmbedder


def cosine(one, other):
    vectors = HashingEmbedder().embed([one, other])
    return float(vectors[0] @ vectors[1])


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
@settings(max_examples=50)
def test_every_text_has_a_unit_vector_that_its_neighbours_do_not_change(texts):
    together = HashingEmbedder(64).embed(texts)
    alone = np.concatenate([HashingEmbedder(64).embed([text]) for text in texts])
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(together, alone)


def test_case_and_order_of_words_do_not_count():
    assert cosine("RED LUNCH BAG", "bag lunch red") > 0.999


def test_a_shared_word_brings_texts_nearer_than_none():
    assert cosine("red lunch bag", "blue lunch bag") > cosine("red lunch bag", "metal sign") + 0.3


def test_a_plural_is_near_its_singular():
    assert cosine("candle", "candles") > 0.2


def test_no_texts_give_no_rows():
    assert HashingEmbedder(48).embed([]).shape == (0, 48)
