import numpy as np
import polars as pl
import pytest

from intentrec.errors import DataError
from intentrec.retrieval import ItemIndex

VECTORS = np.arange(6.0).reshape(3, 2)


def test_items_are_put_in_the_order_of_their_ids():
    index = ItemIndex.build(["b", "10", "9"], VECTORS)
    assert index.ids.tolist() == ["10", "9", "b"]
    assert index.vectors.tolist() == [[2, 3], [4, 5], [0, 1]]
    assert index.vectors.dtype == np.float32
    assert len(index) == 3


@pytest.mark.parametrize(
    ("ids", "vectors", "message"),
    [
        (["a", "b"], VECTORS, "2 item ids for 3 item vectors"),
        (["a", "b", "a"], VECTORS, "'a' comes twice"),
        (["a", "b", "c"], np.where(VECTORS == 3, np.nan, VECTORS), "'b' is not finite"),
    ],
)
def test_what_cannot_be_indexed_is_named(ids, vectors, message):
    with pytest.raises(DataError, match=message):
        ItemIndex.build(ids, vectors)


def test_mask_leaves_out_unknown_items_and_none_stays_none():
    index = ItemIndex.build(["c", "a", "b"], VECTORS)
    assert index.mask(["c", "zzz"]).tolist() == [False, False, True]
    assert index.mask([]).tolist() == [False, False, False]
    assert index.mask(None) is None


def test_pairs_marks_what_each_user_touched():
    index = ItemIndex.build(["a", "b", "c"], VECTORS)
    events = pl.DataFrame(
        {"user_id": ["u", "u", "u", "v", "w", "u"], "item_id": ["a", "a", "c", "gone", "b", None], "row": range(6)}
    )
    assert index.pairs(["w", "v", "u"], events).toarray().tolist() == [[0, 1, 0], [0, 0, 0], [1, 0, 1]]
    assert index.pairs([], events).shape == (0, 3)
