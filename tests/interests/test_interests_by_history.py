"""The large-model path: interests read from whole profiles."""

from datetime import UTC, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from intentrec.interests import InterestsConfig, infer_interests
from intentrec.interests.answers import HistoryAnswer, HistoryInterest
from intentrec.interests.by_history import attributes_of

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
# Ann's lines, newest first: 1 odd thing, 2-5 garden, 6-9 tea.
TEA = HistoryInterest(
    interest="tea time", stage="lasting", reason="Bought tea ware month after month.", evidence=[8, 9]
)
GARDEN = HistoryInterest(interest="gardening", stage="growing", reason="Many garden tools of late.", evidence=[2, 3, 5])


def infer(shop, model=None, config=None, llm_users=frozenset({"ann"}), language="en"):
    return infer_interests(
        shop.profiles, shop.events, shop.catalogue, shop.pool, shop.embedder,
        config or InterestsConfig(min_similarity=0.3), language, AS_OF, model, llm_users,
    )  # fmt: skip


def says(fake_model, *interests):
    return fake_model(lambda request: HistoryAnswer(interests=list(interests)), small=False)


def test_what_the_model_says_stands_with_the_events_of_its_lines(shop, fake_model):
    result = infer(shop, says(fake_model, TEA, GARDEN), InterestsConfig(min_interests=0))

    ann = {row["interest"]: row for row in result.table.filter(user_id="ann").to_dicts()}
    assert set(ann) == {"tea time", "gardening"}
    assert ann["tea time"]["evidence"] == [100, 101]
    assert ann["gardening"]["evidence"] == [104, 106, 107]
    assert ann["tea time"]["reason"] == TEA.reason
    assert ann["gardening"]["stage"] == "growing"
    assert ann["tea time"]["listed"]
    assert not ann["gardening"]["listed"]
    assert result.counts["passed:fake-1b"] == 2


def test_only_what_resembles_the_interest_is_evidence(shop, fake_model):
    said = TEA.model_copy(update={"evidence": [1, 2, 8, 9]})
    result = infer(shop, says(fake_model, said), InterestsConfig(min_interests=0))

    assert result.table.filter(user_id="ann")["evidence"].to_list() == [[100, 101]]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"evidence": [10]}, "unknown-evidence"),
        ({"evidence": [2, 3]}, "unreasonable"),
        ({"evidence": [8]}, "single-action"),
        ({"interest": "honey spoon"}, "copies-title"),
        ({"interest": "lifestyle"}, "vague"),
        ({"interest": "чаепитие"}, "wrong-language"),
    ],
)
def test_what_may_not_stand_is_refused_and_the_rules_fill_up(shop, fake_model, change, rule):
    result = infer(shop, says(fake_model, TEA.model_copy(update=change)))

    assert result.rejections["reason"].to_list() == [rule]
    assert_frame_equal(result.table, infer(shop).table, check_exact=True)


def test_repeats_are_refused(shop, fake_model):
    again = TEA.model_copy(update={"interest": "Time tea"})

    assert infer(shop, says(fake_model, TEA, again)).rejections["reason"].to_list() == ["repeats"]


def test_rules_fill_up_to_the_least_number_only(shop, fake_model):
    one = infer(shop, says(fake_model, TEA), InterestsConfig(min_interests=1))
    two = infer(shop, says(fake_model, TEA), InterestsConfig(min_interests=2))

    assert one.table.filter(user_id="ann")["model"].to_list() == ["fake-1b"]
    assert set(two.table.filter(user_id="ann")["model"]) == {"fake-1b", "none"}


def test_a_bad_reason_is_told_from_the_evidence_instead(shop, fake_model):
    said = TEA.model_copy(update={"reason": "..."})
    table = infer(shop, says(fake_model, said), InterestsConfig(min_interests=0)).table

    assert table.filter(user_id="ann")["reason"].item().startswith("bought twice since January 2024: ")


def test_a_failed_request_leaves_the_rules_in_place(shop, fake_model):
    result = infer(shop, fake_model(lambda request: "too-long: cut", small=False))

    assert_frame_equal(result.table, infer(shop).table, check_exact=True)
    assert result.rejections.select("subject", "reason").rows() == [("ann", "too-long")]


def test_a_dry_run_refuses_nothing(shop, fake_model):
    assert infer(shop, fake_model(lambda request: "dry-run", small=False)).rejections.is_empty()


def test_the_prompt_holds_attributes_candidates_and_numbered_lines(shop, fake_model):
    model = says(fake_model, TEA)
    infer(shop, model)

    (request,) = model.asked
    shown = request.messages[-1].content
    assert "Attributes: «country: Chad»" in shown
    assert "garden work" in shown
    assert "tea time" in shown
    assert "9. «2024-01-03 (purchase) | copper teapot»" in shown
    assert request.answer_schema["properties"]["interests"]["items"]["properties"]["evidence"]["items"]["maximum"] == 9


def test_nothing_from_as_of_on_reaches_a_prompt(shop, fake_model):
    shop.buy("ann", "teapot marker", -1)
    shop.buy("ann", "teapot marker", 0)
    model = says(fake_model, TEA)
    infer(shop, model, llm_users=None)

    assert len(model.asked) == 3
    assert "marker" not in model.prompts


def test_mode_is_taken_from_config_before_the_models_size(shop, fake_model):
    model = fake_model(lambda request: None, small=True)
    infer(shop, model, InterestsConfig(mode="whole"))

    assert model.asked[0].prompt_version.startswith("interests/history.en@")


def test_no_candidates_where_the_pool_is_empty_or_not_wanted(shop, fake_model):
    model = says(fake_model, TEA)
    infer(shop, model, InterestsConfig(pool_candidates=0))

    assert "Listed names" not in model.prompts


def test_users_without_interests_are_not_asked_about(shop, fake_model):
    model = says(fake_model, TEA)
    result = infer(shop, model, llm_users=frozenset({"nobody"}))

    assert model.asked == []
    assert result.table.filter(pl.col("model") != "none").is_empty()


def test_attributes_stand_before_the_first_line():
    assert attributes_of("a: 1; b: 2\n1. x | y\n2. z", ["x | y", "z"]) == "a: 1; b: 2"
    assert attributes_of("1. x | y", ["x | y"]) == ""
    assert attributes_of("a: 1", []) == "a: 1"
