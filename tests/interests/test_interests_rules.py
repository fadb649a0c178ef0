"""Interests by rules on a planted world."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from intentrec.interests import InterestsConfig, infer_interests
from intentrec.tables import INTERESTS, REJECTIONS

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)


def infer(shop, config=None, as_of=AS_OF, language="en", **kwargs):
    return infer_interests(
        shop.profiles, shop.events, shop.catalogue, shop.pool, shop.embedder,
        config or InterestsConfig(), language, as_of, **kwargs,
    )  # fmt: skip


def of_user(result, user_id):
    rows = result.table.filter(pl.col("user_id") == user_id).to_dicts()
    return {row["interest"]: row for row in rows}


def test_two_planted_interests_are_found_with_exactly_their_events(shop):
    found = of_user(infer(shop), "ann")

    assert set(found) == {"tea time", "garden work"}
    assert found["tea time"]["evidence"] == [100, 101, 102, 103]
    assert found["garden work"]["evidence"] == [104, 105, 106, 107]
    assert all(row["listed"] and row["verdict"] == "pass" and row["model"] == "none" for row in found.values())


def test_tables_hold_their_contracts(shop):
    result = infer(shop)

    INTERESTS.check(result.table)
    REJECTIONS.check(result.rejections)
    assert result.table.sort("user_id", "interest_id").equals(result.table)
    assert result.table.select("user_id", "interest_id").is_unique().all()
    assert result.counts == {"passed:none": result.table.height}


def test_reasons_are_told_from_the_evidence(shop):
    found = of_user(infer(shop), "ann")

    assert found["tea time"]["reason"].startswith("bought 4 times since January 2024: ")
    assert found["garden work"]["stage"] == "new"
    assert found["tea time"]["stage"] == "lasting"


def test_russian_reasons_are_russian(shop):
    assert of_user(infer(shop, language="ru"), "ann")["tea time"]["reason"].startswith("куплено 4 раза с января 2024: ")


def test_weight_is_the_share_of_decayed_activity(shop):
    config = InterestsConfig(half_life_days=10)
    ages_tea, ages_garden = [145, 115, 85, 55], [35, 25, 15, 5]
    tea, garden = (sum(0.5 ** (age / 10) for age in ages) for ages in (ages_tea, ages_garden))

    found = of_user(infer(shop, config), "ann")

    assert found["garden work"]["weight"] == pytest.approx(garden / (tea + garden + 1))
    assert found["tea time"]["weight"] == pytest.approx(tea / (tea + garden + 1))


def test_a_single_action_is_no_interest_beside_others_but_stands_where_there_is_nothing_else(shop):
    result = infer(shop)

    assert "odd thing" not in of_user(result, "ann")
    assert of_user(result, "cy")["garden work"]["evidence"] == [112]
    assert of_user(result, "bob")["tea time"]["evidence"] == [109, 110, 111]


def test_a_quiet_day_changes_nothing_but_the_time(shop):
    today, tomorrow = infer(shop), infer(shop, as_of=AS_OF + timedelta(days=1))

    assert_frame_equal(today.table.drop("as_of"), tomorrow.table.drop("as_of"), check_exact=True)


def test_the_order_of_rows_does_not_matter(shop):
    shuffled = infer_interests(
        shop.profiles.reverse(), shop.events.sample(fraction=1, shuffle=True, seed=1), shop.catalogue.reverse(),
        shop.pool.reverse(), shop.embedder, InterestsConfig(), "en", AS_OF,
    )  # fmt: skip

    assert_frame_equal(infer(shop).table, shuffled.table, check_exact=True)


def test_each_user_is_alone(shop):
    whole = infer(shop).table.filter(pl.col("user_id") == "ann")
    shop.buy("bob", "steel spade", 1)
    shop.buy("dan", "seed tray", 1)

    assert_frame_equal(infer(shop).table.filter(pl.col("user_id") == "ann"), whole, check_exact=True)


def test_events_from_as_of_on_are_not_read_even_where_a_line_names_them(shop):
    row = shop.buy("ann", "future marker", -1)
    lines = shop.profiles.with_columns(
        lines=pl.lit([{"text": "x", "rows": [row, 100, 101]}], dtype=shop.profiles.schema["lines"])
    )

    result = infer_interests(
        lines, shop.events, shop.catalogue, shop.pool, shop.embedder, InterestsConfig(), "en", AS_OF
    )

    assert all(row not in evidence for evidence in result.table["evidence"].to_list())


def test_searches_count_and_returns_do_not(shop):
    shop.buy("eve", "garden seed", 3, event="search")
    shop.buy("eve", "seed tray", 9)
    returned = shop.buy("eve", "seed tray", 1, event="return")

    found = of_user(infer(shop), "eve")["garden work"]

    assert returned not in found["evidence"]
    assert len(found["evidence"]) == 2
    assert "bought once and searched for once" in found["reason"]


def test_what_is_bought_from_necessity_is_no_interest(shop):
    for days in (1, 5, 9):
        shop.buy("fay", "toilet paper", days)

    assert of_user(infer(shop), "fay") == {}


def test_a_group_far_from_the_pool_is_named_by_its_own_phrase(shop):
    for n, title in enumerate(("red model train", "blue model train", "long model train", "old model train")):
        shop.buy("gil", title, n)

    (interest,) = of_user(infer(shop), "gil").values()

    assert "train" in interest["interest"]
    assert not interest["listed"]


def test_no_profiles_give_an_empty_table(shop):
    result = infer_interests(
        shop.profiles.clear(), shop.events, shop.catalogue, shop.pool, shop.embedder, InterestsConfig(), "en", AS_OF
    )

    assert result.table.is_empty()
    INTERESTS.check(result.table)


def test_an_empty_pool_leaves_all_names_extended(shop):
    shop_pool = shop.pool.clear()
    result = infer_interests(
        shop.profiles, shop.events, shop.catalogue, shop_pool, shop.embedder, InterestsConfig(), "en", AS_OF
    )

    assert not result.table["listed"].any()


def test_at_most_max_interests(shop):
    assert of_user(infer(shop, InterestsConfig(max_interests=1)), "ann").keys() == {"garden work"}
