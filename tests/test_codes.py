"""Names to codes and back."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from intentrec.codes import Codes, places

NAME = st.text("abé💡", min_size=0, max_size=4)


@given(st.sets(NAME), st.lists(NAME | st.just("a much longer name than any that is known")))
def test_places_of_names(known: set[str], wanted: list[str]) -> None:
    ordered = sorted(known)
    held = np.asarray(ordered, dtype=np.str_) if ordered else np.zeros(0, dtype="<U1")
    assert places(held, wanted).tolist() == [ordered.index(name) if name in known else -1 for name in wanted]


@given(st.sets(NAME), st.lists(NAME | st.none()))
def test_a_frame_of_few_names_is_the_part_of_all_that_they_meet(known: set[str], met: list[str | None]) -> None:
    codes, among = Codes.of(known), pl.Series(met, dtype=pl.String)
    whole = codes.frame("name", "code")
    part = codes.frame("name", "code", among)
    assert part.schema == whole.schema
    assert part.sort("code").rows() == whole.filter(pl.col("name").is_in(among.drop_nulls().to_list())).rows()
