import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from intentrec.data.duplicates import later_copies, superseded

rows = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2) | st.none(), st.sampled_from([1.0, 2.0, None])))


@settings(deadline=None)
@given(rows)
def test_later_copies_are_the_rows_seen_before(values):
    frame = pl.DataFrame(values, schema={"key": pl.String, "more": pl.Int64, "value": pl.Float64}, orient="row")
    expected = [row in values[:n] for n, row in enumerate(values)]
    assert later_copies(frame, ["key"]).to_list() == expected
    assert later_copies(frame, ["key", "more", "value"]).to_list() == expected


@given(st.lists(st.sampled_from("abc")))
def test_all_but_the_last_row_of_a_key_are_superseded(keys):
    frame = pl.DataFrame({"key": pl.Series(keys, dtype=pl.String)})
    assert superseded(frame, "key").to_list() == [key in keys[n + 1 :] for n, key in enumerate(keys)]
