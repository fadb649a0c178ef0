"""Several answers to each question: which is taken, and what is kept of the others."""

from datetime import UTC, datetime

import pytest

from intentrec.errors import ConfigError
from intentrec.tags import TagsConfig, predict_tags
from intentrec.tags.answers import ChosenTags, WrittenTag, WrittenTags

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
BEST_OF_THREE = TagsConfig(mode="tuned", chosen=2, shortlist=4, best_of=3)


def predict(shop, model, config=BEST_OF_THREE, **kwargs):
    return predict_tags(
        shop.profiles, shop.interests, shop.events, shop.catalogue, shop.embedder,
        config, "en", AS_OF, model, frozenset({"bob"}), **kwargs,
    )  # fmt: skip


def says(*tags):
    return lambda request: ChosenTags(tags=list(tags))


def written(result):
    return result.table.filter(user_id="bob", model="fake-1b").sort("rank")["tag"].to_list()


def test_the_answer_of_which_most_passes_is_taken_and_of_equals_the_first(shop, fake_model):
    draws = {
        1: fake_model(says("tea strainer", "tea caddy")),
        2: fake_model(says("tea cosy", "tea towel")),
    }
    result = predict(shop, fake_model(says("steel football", "tea strainer")), draw=draws.__getitem__)

    assert written(result) == ["tea strainer", "tea caddy"]
    assert result.rejections.is_empty()
    assert [len(model.asked) for model in draws.values()] == [1, 1]


def test_what_is_said_twice_counts_once(shop, fake_model):
    draws = {1: fake_model(says("tea caddy", "tea caddy")), 2: fake_model(says("tea towel", "tea cosy"))}

    assert written(predict(shop, fake_model(says("tea cup", "cup tea")), draw=draws.__getitem__)) == [
        "tea towel",
        "tea cosy",
    ]


def test_a_scorer_may_choose_otherwise(shop, fake_model):
    draws = {1: fake_model(says("tea strainer", "tea caddy")), 2: fake_model(says("steel football", "tea towel"))}
    asked = []

    def scorer(user_id, proposed):
        asked.append((user_id, [one.tag.tag for one in proposed], {one.interest.interest for one in proposed}))
        return any(one.tag.tag == "tea towel" for one in proposed)

    result = predict(shop, fake_model(says("tea cosy", "tea cup")), draw=draws.__getitem__, scorer=scorer)

    assert written(result) == ["tea towel"]
    assert result.rejections["reason"].to_list() == ["off-interest"]
    assert ("bob", ["tea cosy", "tea cup"], {"tea time"}) in asked


def test_an_answer_that_failed_is_no_option(shop, fake_model):
    draws = {1: fake_model(lambda request: None), 2: fake_model(says("tea cosy", "tea cup"))}
    result = predict(shop, fake_model(lambda request: "not-json: x"), draw=draws.__getitem__)

    assert written(result) == ["tea cosy", "tea cup"]
    assert result.rejections.is_empty()


def test_where_all_fail_the_first_reason_is_kept(shop, fake_model):
    def failing(word):
        return fake_model(lambda request: word)

    result = predict(shop, failing("too-long: cut"), draw=lambda n: failing("not-json: x"))

    assert result.rejections["reason"].to_list() == ["too-long"]
    assert written(result) == []


def test_nothing_is_drawn_unless_it_is_wanted(shop, fake_model):
    def never(n):
        raise AssertionError

    config = BEST_OF_THREE.model_copy(update={"best_of": 1})
    assert written(predict(shop, fake_model(says("tea cosy", "tea cup")), config, draw=never)) == [
        "tea cosy",
        "tea cup",
    ]


def test_several_answers_need_somebody_who_draws_them(shop, fake_model):
    with pytest.raises(ConfigError, match=r"tags\.best_of is 3, but nothing here draws"):
        predict(shop, fake_model(says("tea cosy", "tea cup")))


def test_whole_users_are_drawn_likewise(shop, fake_model):
    def writes(*tags):
        said = [WrittenTag(tag=tag, interest=n, reason="suits the tea time") for tag, n in tags]
        return fake_model(lambda request: WrittenTags(tags=said), small=False)

    config = TagsConfig(best_of=2)
    second = writes(("tea cosy", 1), ("tea cup", 1))
    result = predict(shop, writes(("tea cosy", 9), ("tea cup", 1)), config, draw={1: second}.__getitem__)

    assert written(result) == ["tea cosy", "tea cup"]
