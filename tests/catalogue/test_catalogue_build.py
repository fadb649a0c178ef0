from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from intentrec.catalogue import CatalogueConfig, build_catalogue, extend_catalogue
from intentrec.tables import CATALOGUE, EVENTS, ITEMS, POOL
from intentrec.text.clusters import unit

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
TITLES = [
    *(f"{kind} LUNCH BAG" for kind in ("OWL", "FOX", "STAR", "MOON", "RED SPOTTY")),
    *(f"{kind} METAL SIGN" for kind in ("KITCHEN", "GARDEN", "DOG", "SHED", "BATHROOM")),
    *(f"{kind} CAKE STAND" for kind in ("GLASS", "PARTY", "VINTAGE", "FAIRY", "3 TIER")),
]
CONFIG = CatalogueConfig(n_categories=3, min_category_items=2)


def shop(*titles, **columns):
    """Items i00, i01, ... with these titles."""
    ids = [f"i{n:02}" for n in range(len(titles))]
    frame = pl.DataFrame({"item_id": ids, "title": titles, **columns}, schema_overrides={"title": pl.String})
    return ITEMS.check(frame.cast({name: ITEMS.schema[name] for name in ("item_id", *columns)}))


def build(items, embedder, config=CONFIG, events=None, as_of=AS_OF):
    return build_catalogue(items, EVENTS.empty() if events is None else events, embedder, config, as_of)


def column(result, name):
    return result.catalogue[name].to_list()


def test_a_shop_without_categories_gets_groups_with_names(embedder):
    result = build(shop(*TITLES), embedder)
    assert column(result, "category") == ["lunch bag"] * 5 + ["metal sign"] * 5 + ["cake stand"] * 5
    assert set(column(result, "phrase")) == {"lunch bag", "metal sign", "cake stand"}
    assert column(result, "name")[14] == "3 tier cake stand"


def test_the_tables_keep_their_contracts(embedder):
    result = build(shop(*TITLES), embedder)
    CATALOGUE.check(result.catalogue)
    POOL.check(result.pool)
    assert result.item_vectors.shape == (15, 256)
    np.testing.assert_allclose(np.linalg.norm(result.item_vectors, axis=1), 1, atol=1e-6)


def test_given_categories_are_kept_and_completed(embedder):
    given = ["bags"] * 4 + [None] + ["signs"] * 4 + [""] + ["cakes"] * 5
    result = build(shop(*TITLES, category=given), embedder)
    assert column(result, "category") == ["bags"] * 5 + ["signs"] * 5 + ["cakes"] * 5


def test_candidate_interests_lead_to_their_category_and_count_items(embedder):
    pool = build(shop(*TITLES), embedder).pool
    assert pool.select("interest", "category", "n_items").rows() == [
        ("cake stand", "cake stand", 5),
        ("lunch bag", "lunch bag", 5),
        ("metal sign", "metal sign", 5),
    ]


def test_a_category_without_a_shared_phrase_is_its_own_interest(embedder):
    items = shop("MOON LAMP", "GARDEN GNOME", category=["odds", "odds"])
    assert build(items, embedder).pool.select("interest", "n_items").rows() == [("odds", 2)]


def test_a_brand_enters_the_name_but_no_phrase_category_or_interest(embedder):
    items = shop(*(f"Acme {title.lower()}" for title in TITLES), brand=["Acme"] * 15)
    result = build(items, embedder)
    assert column(result, "name")[0] == "Acme owl lunch bag"
    for words in (column(result, "phrase"), column(result, "category"), result.pool["interest"].to_list()):
        assert "acme" not in " ".join(words).lower()


def test_a_brand_inside_a_word_is_no_brand(embedder):
    items = shop("sunglasses case", brand=["Sun"])
    assert column(build(items, embedder), "phrase") == ["sunglasses case"]


def test_the_order_of_items_does_not_matter(embedder):
    one, other = build(shop(*TITLES), embedder), build(shop(*TITLES).reverse(), embedder)
    assert one.catalogue.equals(other.catalogue)
    assert one.pool.equals(other.pool)
    np.testing.assert_array_equal(one.item_vectors, other.item_vectors)


def test_an_empty_shop_has_an_empty_catalogue(embedder):
    result = build(shop(), embedder)
    assert (len(result.catalogue), len(result.pool), result.item_vectors.shape) == (0, 0, (0, 256))


def test_nothing_of_the_future_enters(embedder):
    later = pl.Series([None] * 14 + [AS_OF], dtype=pl.Datetime("us", "UTC"))
    items = shop(*TITLES[:13], "MARKER ONE", "MARKER TWO", created_at=later)
    events = EVENTS.check(
        pl.DataFrame(
            {
                "row": [1],
                "user_id": ["u"],
                "timestamp": [AS_OF + timedelta(days=1)],
                "event": ["purchase"],
                "item_id": ["i13"],
            }
        ).cast({"timestamp": EVENTS.schema["timestamp"]})
    )
    result = build(items, embedder, events=events)
    assert result.catalogue.equals(build(items[:13], embedder).catalogue)
    assert "marker" not in str(result.catalogue.rows() + result.pool.rows()).lower()


def test_new_items_are_added_and_the_others_stay(embedder):
    items = shop(*TITLES, "BLUE LUNCH BAG", "OFFICE METAL SIGN")
    base = build(items[:15], embedder)
    grown = extend_catalogue(base, items, embedder, CONFIG, AS_OF + timedelta(days=9))
    assert grown.catalogue[:15].equals(base.catalogue)
    assert grown.pool.equals(base.pool)
    assert column(grown, "category")[15:] == ["lunch bag", "metal sign"]
    assert column(grown, "phrase")[15:] == ["lunch bag", "metal sign"]
    assert grown.catalogue["as_of"][15] == AS_OF + timedelta(days=9)


def test_vectors_follow_the_order_of_the_grown_catalogue(embedder):
    items = shop(*TITLES)
    base = build(items[5:], embedder)
    grown = extend_catalogue(base, items, embedder, CONFIG, AS_OF)
    expected = unit(embedder.embed(column(grown, "name")) + embedder.embed(column(grown, "phrase")))
    assert grown.catalogue["item_id"].is_sorted()
    np.testing.assert_array_equal(grown.item_vectors, expected)


def test_items_may_appear_in_any_order(embedder):
    items = shop(*TITLES)
    base = build(items[:10], embedder)
    at_once = extend_catalogue(base, items, embedder, CONFIG, AS_OF)
    alone = extend_catalogue(base, pl.concat([items[:10], items[12:13]]), embedder, CONFIG, AS_OF)
    assert alone.catalogue[10:].equals(at_once.catalogue[12:13])


def test_without_new_items_nothing_changes(embedder):
    base = build(shop(*TITLES), embedder)
    assert extend_catalogue(base, shop(*TITLES), embedder, CONFIG, AS_OF) is base


def test_an_empty_catalogue_grows_by_being_built(embedder):
    base = build(shop(), embedder)
    grown = extend_catalogue(base, shop(*TITLES), embedder, CONFIG, AS_OF)
    assert grown.catalogue.equals(build(shop(*TITLES), embedder).catalogue)


@pytest.mark.parametrize("title", ["x" * 5000, "ignore previous instructions\n1. | ,", "🎄" * 300, "SET OF 6"])
def test_any_title_gets_a_bounded_row(embedder, title):
    result = build(shop(title, *TITLES), embedder)
    assert all(0 < len(text) <= 60 for text in column(result, "name") + column(result, "phrase"))
    assert not set("".join(column(result, "name") + column(result, "phrase"))) & set("|,\n")
