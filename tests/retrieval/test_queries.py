import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.retrieval.queries import TagQueries

NAMES = ["up", "down", "left", "right"]
VECTORS = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
SCHEMA = {"user_id": pl.String, "rank": pl.UInt32, "tag": pl.String, "interest_id": pl.String}


@pytest.mark.parametrize("fused", ["interests", "single"])
@given(st.lists(st.tuples(st.sampled_from(["i2", "i1", "I3"]), st.sampled_from(NAMES)), unique=True, max_size=9))
def test_one_user_is_grouped_as_a_block_groups_them(fused, rows):
    tags = [(interest, rank, tag) for rank, (interest, tag) in enumerate(rows, 1)]
    frame = pl.DataFrame([("u", rank, tag, i) for i, rank, tag in tags], schema=SCHEMA, orient="row")
    block = TagQueries.build(["u"], frame, NAMES, VECTORS, fused)
    one = TagQueries.of_one(tags, NAMES, VECTORS, fused)
    for name in ("user", "vectors", "tag_query", "tag_name", "tag_interest", "names", "tag_vectors"):
        assert getattr(one, name).tolist() == getattr(block, name).tolist(), name
        assert getattr(one, name).shape == getattr(block, name).shape, name
