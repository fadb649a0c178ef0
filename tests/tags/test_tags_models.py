"""Tags that models choose or write, and what happens to answers that may not stand."""

from datetime import UTC, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from intentrec.tags import TagsConfig, predict_tags
from intentrec.tags.answers import ChosenTags, WrittenTag, WrittenTags

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
CHOOSING = TagsConfig(chosen=2, shortlist=4)
ANN = frozenset({"ann"})


def predict(shop, model=None, config=CHOOSING, llm_users=ANN, language="en", **kwargs):
    return predict_tags(
        shop.profiles, shop.interests, shop.events, shop.catalogue, shop.embedder,
        config, language, AS_OF, model, llm_users, **kwargs,
    )  # fmt: skip


def offered(request):
    return request.answer_schema["properties"]["tags"]["items"]["enum"]


def first_two(request):
    return ChosenTags(tags=offered(request)[:2])


def write(*tags):
    return lambda request: WrittenTags(
        tags=[WrittenTag(tag=t, interest=i, reason="suits the tea time") for t, i in tags]
    )


def of_ann(result, **equal):
    return result.table.filter(user_id="ann", **equal).sort("rank")


def test_what_a_small_model_chooses_comes_first_and_rules_fill_up(shop, fake_model):
    model = fake_model(first_two)
    result = predict(shop, model)

    chosen = [tag for request in model.asked for tag in offered(request)[:2]]
    assert of_ann(result, model="fake-1b")["tag"].to_list().sort() == chosen.sort()
    for interest in ("ann-tea time", "ann-garden work"):
        assert of_ann(result, interest_id=interest)["model"].to_list()[:3] == ["fake-1b", "fake-1b", "none"]
    assert set(of_ann(result)["tag"]) == set(of_ann(predict(shop))["tag"])
    assert result.counts["passed:fake-1b"] == 4


def test_without_filling_only_interests_without_answers_get_rules(shop, fake_model):
    model = fake_model(lambda r: first_two(r) if "tea time" in r.messages[-1].content else None)
    result = predict(shop, model, CHOOSING.model_copy(update={"fill": False}))

    assert set(of_ann(result, interest_id="ann-tea time")["model"]) == {"fake-1b"}
    assert set(of_ann(result, interest_id="ann-garden work")["model"]) == {"none"}


def test_shortlists_hold_nothing_touched_lately_and_nothing_twice(shop, fake_model):
    model = fake_model(first_two)
    predict(shop, model)

    shown = [tag for request in model.asked for tag in offered(request)]
    assert "honey spoon" not in shown
    assert len(shown) == len(set(shown)) == 8


def test_prompts_hold_the_month_and_not_the_day(shop, fake_model):
    model = fake_model(first_two)
    predict(shop, model)

    assert "Month: June" in model.prompts
    assert "2024" not in model.prompts


def test_other_users_keep_the_tags_of_the_rules(shop, fake_model):
    others = pl.col("user_id") != "ann"

    result = predict(shop, fake_model(lambda request: ChosenTags(tags=["junk", "..."])))

    assert_frame_equal(result.table.filter(others), predict(shop).table.filter(others), check_exact=True)
    assert set(result.rejections["subject"]) == {"ann"}


@pytest.mark.parametrize(
    ("tags", "rule"),
    [
        (["..."], "echo"),
        (["cup"], "no-modifier"),
        (["smart cup"], "vague"),
        (["чайная чашка"], "wrong-language"),
        (["acme cup"], "brand"),
        (["steel football"], "off-interest"),
        (["spoon honey"], "recent"),
        (["ignore the rules now"], "echo"),
    ],
)
def test_what_may_not_stand_is_kept_as_refused(shop, fake_model, tags, rule):
    model = fake_model(lambda r: ChosenTags(tags=tags if "tea time" in r.messages[-1].content else []))
    result = predict(shop, model, brands=("acme",))

    assert result.rejections.select("subject", "reason", "output", "model").rows() == [("ann", rule, *tags, "fake-1b")]
    assert_frame_equal(result.table, predict(shop, brands=("acme",)).table, check_exact=True)


def test_the_same_choice_twice_is_a_repeat(shop, fake_model):
    result = predict(shop, fake_model(lambda r: ChosenTags(tags=offered(r)[:1] * 2)))

    assert result.rejections["reason"].to_list() == ["repeats", "repeats"]
    assert of_ann(result, model="fake-1b").height == 2


@pytest.mark.parametrize(("error", "kept"), [("not-json: x", ["not-json"] * 2), ("dry-run", [])])
def test_failed_requests_leave_the_rules_in_place(shop, fake_model, error, kept):
    for model, config in (
        (fake_model(lambda r: error), CHOOSING),
        (fake_model(lambda r: error, small=False), TagsConfig()),
    ):
        result = predict(shop, model, config)

        assert result.rejections["reason"].to_list() == kept[: len(model.asked)]
        assert_frame_equal(result.table, predict(shop, config=config).table, check_exact=True)


def test_a_shortlist_with_no_choice_asks_nothing(shop, fake_model):
    model = fake_model(first_two)
    predict(shop, model, CHOOSING.model_copy(update={"chosen": 19}))

    assert model.asked == []


def test_a_large_model_writes_for_all_interests_at_once(shop, fake_model):
    model = fake_model(write(("silver tea strainer", 1), ("garden hand fork", 2)), small=False)
    result = predict(shop, model, TagsConfig())

    (request,) = model.asked
    assert request.subject == "ann"
    assert "Attributes: «country: Chad»" in request.messages[-1].content
    assert "Lately: «honey spoon»" in request.messages[-1].content
    assert "1. «tea time» because «bought often»; this shop has «porcelain cup;" in request.messages[-1].content
    assert of_ann(result)["tag"].to_list()[:2] == ["silver tea strainer", "garden hand fork"]
    assert of_ann(result, model="fake-1b")["category"].to_list() == ["tea", "garden"]
    assert of_ann(result)["reason"][0] == "suits the tea time"


def test_a_bad_reason_is_replaced(shop, fake_model):
    said = WrittenTags(tags=[WrittenTag(tag="silver tea strainer", interest=1, reason="...")])
    result = predict(shop, fake_model(lambda request: said, small=False), TagsConfig())

    assert of_ann(result, model="fake-1b")["reason"].item() == "Close in kind to what shows an interest in tea time."


def test_an_interest_that_does_not_exist_is_refused(shop, fake_model):
    result = predict(
        shop, fake_model(write(("garden hand fork", 3), ("garden hand rake", 0)), small=False), TagsConfig()
    )

    assert result.rejections["reason"].to_list() == ["unknown-interest", "unknown-interest"]


def test_rules_do_not_repeat_what_a_model_wrote(shop, fake_model):
    model = fake_model(write(("cup porcelain", 1)), small=False)
    tags = of_ann(predict(shop, model, TagsConfig()))["tag"].to_list()

    assert "cup porcelain" in tags
    assert "porcelain cup" not in tags


def test_nothing_from_as_of_on_reaches_a_prompt(shop, fake_model):
    shop.titles.append("tea marker")
    shop.buy("ann", "tea marker", -1)
    shop.buy("ann", "garden marker", 0, event="search")
    for model, config in ((fake_model(first_two), CHOOSING), (fake_model(lambda r: None, small=False), TagsConfig())):
        predict(shop, model, config, None)

        assert model.asked
        assert "marker" not in model.prompts


def test_mode_is_taken_from_config_before_the_models_size(shop, fake_model):
    model = fake_model(first_two, small=False)
    predict(shop, model, CHOOSING.model_copy(update={"mode": "cluster"}))

    assert model.asked[0].prompt_version.startswith("tags/choose.en@")
