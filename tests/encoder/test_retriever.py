import numpy as np
import polars as pl
import pytest

from encoder_world import DAYS, day, events, impressions, items, purchases, shelf, tiny, trained
from intentrec.encoder import EncoderRetriever
from intentrec.encoder.retriever import Served
from intentrec.testing import RetrieverConformance


class TestEncoder(RetrieverConformance):
    @pytest.fixture(autouse=True)
    def _model(self, bert):
        type(self).folder = bert

    def build(self):
        return EncoderRetriever(tiny(self.folder, epochs=2))


class TestEncoderOfHalfWidth(RetrieverConformance):
    @pytest.fixture(autouse=True)
    def _model(self, llama):
        type(self).folder = llama

    def build(self):
        return EncoderRetriever(tiny(self.folder, epochs=4, served_width=0.5, numbers="percentile"))


def served(encoder, log=None, shop=None, until=DAYS, **options):
    log, shop = purchases() if log is None else log, shelf() if shop is None else shop
    return Served.of(encoder, log, shop, day(until), **options)


def listed(answers, user, k=3, **options):
    return answers.recommend([user], k, **options)["item_id"].to_list()


@pytest.fixture(scope="module")
def retriever(encoder):
    return served(encoder)


def test_users_get_unseen_items_of_their_theme(retriever):
    seen = dict(purchases().group_by("user_id").agg("item_id").rows())
    for place, user in enumerate(retriever.users):
        missing = {f"i{code:02}" for code in range(place % 2, 16, 2)} - set(seen[user])
        assert set(listed(retriever, user, len(missing))) == missing


def test_strangers_get_no_row(retriever):
    assert retriever.recommend(["nobody", "u00"], 2)["user_id"].to_list() == ["u00", "u00"]
    assert retriever.recommend(["nobody"], 2).is_empty()


def test_scores_are_cosines(encoder, retriever):
    rows = retriever.recommend(["u03"], 16, filter_viewed=False)
    vectors = dict(zip(retriever.index.ids, retriever.index.vectors, strict=True))
    user = retriever.vectors[retriever.users["u03"]]
    np.testing.assert_allclose(rows["score"], [vectors[name] @ user for name in rows["item_id"]], atol=1e-6)
    assert rows["score"].is_between(-1.001, 1.001).all()
    assert retriever.vectors.shape == (24, encoder.served)


def test_what_is_searched_takes_four_bytes_a_coordinate(encoder):
    half = served(encoder.at_width(0.5))
    assert half.size_bytes() == (16 + 24) * 16 * 4


def test_a_new_item_is_found_without_training_by_reading_one_text(encoder):
    coder = encoder.coder()
    served(encoder, coder=coder)
    n_before = coder.n_encoded
    new = items({"item_id": "new", "title": "green saw", "created_at": day(20)})
    answers = served(encoder, shop=pl.concat([shelf(), new]), coder=coder)
    assert coder.n_encoded == n_before + 1
    odd = [f"u{user:02}" for user in range(1, 24, 2)]
    assert all("new" in listed(answers, user, 2) for user in odd)
    assert "new" not in listed(answers, "u00", 1)


def test_a_new_event_makes_one_text_new(encoder):
    coder = encoder.coder()
    served(encoder, coder=coder)
    n_before = coder.n_encoded
    log = pl.concat([purchases(), events("u00 i01 27.99")])
    answers = served(encoder, log, coder=coder)
    assert coder.n_encoded == n_before + 1
    assert "i01" not in listed(answers, "u00", 16)


def test_a_new_user_is_served_without_training(encoder):
    log = pl.concat([purchases(), events("new i00 1", "new i02 2", "new i04 3")])
    assert {int(name[1:]) % 2 for name in listed(served(encoder, log), "new", 5)} == {0}


def test_what_comes_at_or_after_the_moment_is_neither_read_nor_seen(encoder):
    log = pl.concat([purchases(), events("u00 i01 28", "late i00 28")])
    later = items({"item_id": "later", "title": "red apple", "created_at": day(28)})
    answers = served(encoder, log, pl.concat([shelf(), later]))
    plain = served(encoder)
    users = list(plain.users)
    assert list(answers.users) == users
    assert answers.recommend(users, 16).equals(plain.recommend(users, 16))
    assert "i01" in listed(answers, "u00", 16)


def test_only_the_users_asked_for_are_encoded(encoder, retriever):
    coder = encoder.coder()
    answers = served(encoder, users=["u05", "nobody", "u02"], coder=coder)
    assert list(answers.users) == ["u02", "u05"]
    assert coder.n_encoded == 16 + 2
    rows = answers.recommend(["u02", "u03", "u05"], 4)
    assert rows.equals(retriever.recommend(["u02", "u05"], 4))


def test_who_only_searched_or_looked_is_served_by_an_empty_history(encoder):
    log = pl.concat([purchases(), events("looker i00 3", kind="view")])
    answers = served(encoder, log)
    assert len(listed(answers, "looker", 3)) == 3
    assert "i00" not in listed(answers, "looker", 16)  # any event counts as seen


def test_many_users_are_answered_in_blocks(monkeypatch, retriever):
    users = list(retriever.users)
    whole = retriever.recommend(users, 5)
    monkeypatch.setattr("intentrec.encoder.retriever._USERS_AT_ONCE", 5)
    assert retriever.recommend(users, 5).equals(whole)


def test_what_was_passed_over_and_attributes_are_read_where_they_count(bert):
    encoder = trained(tiny(bert, epochs=0, history="all", user_attributes=("city",)))
    plain = served(encoder)
    shown = served(encoder, impressions=impressions("u00 i05 27"))
    people = served(encoder, attributes=pl.DataFrame({"user_id": ["u01"], "city": ["rome"]}))
    for changed, user in ((shown, 0), (people, 1)):
        moved = np.abs(changed.vectors - plain.vectors).max(axis=1) > 1e-3
        assert np.flatnonzero(moved).tolist() == [user]


def test_a_cache_keeps_vectors_and_no_finished_training(bert, tmp_path):
    config = tiny(bert, epochs=1)
    first, again = (EncoderRetriever(config, cache=tmp_path).fit(purchases(), shelf()) for _ in range(2))
    assert (first.served.coder.n_encoded, again.served.coder.n_encoded) == (16 + 24, 0)
    users = list(first.served.users)
    assert again.recommend(users, 5).equals(first.recommend(users, 5))
    fewer = EncoderRetriever(config, cache=tmp_path).fit(purchases().head(100), shelf())
    assert len(fewer.served.users) < len(users)
