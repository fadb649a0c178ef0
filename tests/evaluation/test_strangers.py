import polars as pl

from evaluations import Lists
from intentrec.evaluation.runs import size_mb
from intentrec.evaluation.strangers import WithPopularity

POPULAR = Lists(dict.fromkeys("abc", "pq"))


class Sized(Lists):
    def size_bytes(self):
        return 3_000_000


def test_whoever_has_no_list_of_a_system_gets_what_is_popular():
    both = WithPopularity(Lists({"a": "xy"}), POPULAR).recommend(["b", "a"], 1)
    assert dict(both.select("user_id", "item_id").iter_rows()) == {"a": "x", "b": "p"}


def test_columns_of_one_system_are_empty_for_the_other():
    class Told(Lists):
        def recommend(self, users, k, *, filter_viewed=True):
            return super().recommend(users, k, filter_viewed=filter_viewed).with_columns(source=pl.lit("own"))

    both = WithPopularity(Told({"a": "x"}), POPULAR).recommend(["a", "b"], 1)
    assert dict(both.select("user_id", "source").iter_rows()) == {"a": "own", "b": None}


def test_the_size_is_that_of_the_system_and_unknown_where_it_cannot_say():
    assert size_mb(WithPopularity(Sized({}), POPULAR)) == 3.0
    assert size_mb(WithPopularity(Lists({}), POPULAR)) is None
