"""Tags by rules on a planted world."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from intentrec.tables import TAGS
from intentrec.tags import TagsConfig, predict_tags

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)


def predict(shop, config=None, as_of=AS_OF, language="en", **kwargs):
    return predict_tags(
        shop.profiles, shop.interests, shop.events, shop.catalogue, shop.embedder,
        config or TagsConfig(), language, as_of, **kwargs,
    )  # fmt: skip


def tags_of(result, user_id):
    return result.table.filter(user_id=user_id).sort("rank")


def test_what_others_went_on_to_comes_first(shop):
    ann = tags_of(predict(shop), "ann")

    assert ann["tag"][0] == "porcelain cup"
    assert ann.filter(interest_id="ann-garden work")["tag"][0] == "tomato seeds"
    assert ann["reason"][0] == "Others went on to it after what shows an interest in tea time."


def test_what_nobody_went_on_to_is_told_as_near(shop):
    config = TagsConfig(text_share=1.0)
    reasons = dict(tags_of(predict(shop, config), "ann").select("tag", "reason").rows())

    assert reasons["enamel caddy"] == "Close in kind to what shows an interest in tea time."


def test_table_holds_its_contract(shop):
    result = predict(shop)

    TAGS.check(result.table)
    assert result.table.equals(result.table.sort("user_id", "rank"))
    assert tags_of(result, "ann")["rank"].to_list() == list(range(1, tags_of(result, "ann").height + 1))
    assert result.counts == {"passed:none": result.table.height}
    assert result.rejections.is_empty()


def test_every_tag_serves_its_interest_and_leads_to_its_category(shop):
    leads_to = set(tags_of(predict(shop), "ann").select("interest_id", "category").rows())

    assert leads_to == {("ann-tea time", "tea"), ("ann-garden work", "garden")}


def test_nothing_touched_in_the_month_before_the_users_last_event(shop):
    assert "honey spoon" not in tags_of(predict(shop), "ann")["tag"].to_list()
    assert "copper kettle" in tags_of(predict(shop), "ann")["tag"].to_list()
    assert "porcelain cup" not in tags_of(predict(shop), "bob")["tag"].to_list()


def test_what_means_the_same_as_a_recent_touch_is_left_out(shop):
    shop.titles.append("spoon honey")
    shop.buy("collector", "spoon honey", 20)

    assert "spoon honey" not in tags_of(predict(shop), "ann")["tag"].to_list()


def test_a_search_in_the_words_of_a_phrase_is_a_recent_touch(shop):
    shop.buy("ann", "Enamel Caddy", 2, event="search")

    assert "enamel caddy" not in tags_of(predict(shop), "ann")["tag"].to_list()


def test_tags_are_distinct_within_a_user(shop):
    for n in range(3):
        shop.titles.append(f"cup porcelain {'x' * n}".strip())
    result = predict(shop)

    assert result.table.select("user_id", "tag").is_unique().all()


def test_heavier_interests_get_more_and_light_ones_some(shop):
    config = TagsConfig(max_tags=6, min_per_interest=1)
    counts = dict(tags_of(predict(shop, config), "ann").group_by("interest_id").len().rows())

    assert counts == {"ann-tea time": 4, "ann-garden work": 2}


@pytest.mark.parametrize(
    ("title", "brands"), [("spoon", ()), ("smart cup", ()), ("acme cup", ("ACME",)), ("cup " * 7, ())]
)
def test_phrases_that_are_no_tags_are_never_taken(shop, title, brands):
    shop.titles.append(title.strip())
    shop.buy("collector", title.strip(), 20)

    assert title.strip() not in predict(shop, brands=brands).table["tag"].to_list()


def test_what_nobody_touched_lately_is_out_of_season(shop):
    shop.titles.append("tea biscuits")
    shop.buy("collector", "tea biscuits", 91)
    assert "tea biscuits" not in predict(shop).table["tag"].to_list()

    shop.buy("collector", "tea biscuits", 89)
    assert "tea biscuits" in predict(shop).table["tag"].to_list()


def test_nothing_from_as_of_on_counts(shop):
    before = predict(shop)
    shop.buy("ann", "bamboo tray", -1)
    shop.buy("ann", "enamel caddy", 0)

    assert_frame_equal(predict(shop).table, before.table, check_exact=True)


def test_a_users_tags_stay_the_same_on_a_quiet_day(shop):
    today, tomorrow = predict(shop), predict(shop, as_of=AS_OF + timedelta(days=1))

    assert_frame_equal(today.table.drop("as_of"), tomorrow.table.drop("as_of"), check_exact=True)


def test_the_order_of_rows_does_not_matter(shop):
    again = predict_tags(
        shop.profiles.reverse(), shop.interests.reverse(), shop.events.reverse(), shop.catalogue.reverse(),
        shop.embedder, TagsConfig(), "en", AS_OF,
    )  # fmt: skip

    assert_frame_equal(predict(shop).table, again.table, check_exact=True)


def test_users_asked_about_alone_get_the_same_tags(shop):
    alone = predict_tags(
        shop.profiles, shop.interests.filter(user_id="ann"), shop.events, shop.catalogue, shop.embedder,
        TagsConfig(), "en", AS_OF,
    )  # fmt: skip

    assert_frame_equal(alone.table, tags_of(predict(shop), "ann"), check_exact=True)


def test_no_interests_give_an_empty_table(shop):
    result = predict_tags(
        shop.profiles, shop.interests.clear(), shop.events, shop.catalogue, shop.embedder, TagsConfig(), "en", AS_OF
    )

    TAGS.check(result.table)
    assert result.table.is_empty()


def test_interests_without_known_evidence_get_tags_by_name(shop):
    shop.likes("cy", "garden work", [], 1.0)

    assert set(tags_of(predict(shop), "cy")["category"]) == {"garden"}


def test_russian_reasons_are_russian(shop):
    assert tags_of(predict(shop, language="ru"), "ann")["reason"][0].startswith("Другие выбирали это после того")


def test_events_without_a_query_column_will_do(shop):
    result = predict_tags(
        shop.profiles,
        shop.interests,
        shop.events.drop("query"),
        shop.catalogue,
        shop.embedder,
        TagsConfig(),
        "en",
        AS_OF,
    )

    assert_frame_equal(result.table, predict(shop).table)


def test_returns_follow_nothing(shop):
    before = predict(shop, TagsConfig(text_share=0))
    for n in range(6):
        shop.buy(f"other {n}", "jute twine", 10, event="return")

    assert_frame_equal(predict(shop, TagsConfig(text_share=0)).table, before.table)
    assert isinstance(before.table, pl.DataFrame)
