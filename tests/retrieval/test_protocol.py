import polars as pl

from intentrec.retrieval import RECOMMENDED_SCHEMA, Retriever


class Fixed:
    name = "fixed"

    def fit(self, events, items):
        return self

    def recommend(self, users, k, *, filter_viewed=True, items=None):
        return pl.DataFrame(schema=RECOMMENDED_SCHEMA)


def test_any_class_with_the_three_members_is_a_retriever():
    assert isinstance(Fixed(), Retriever)
    assert not isinstance(object(), Retriever)
