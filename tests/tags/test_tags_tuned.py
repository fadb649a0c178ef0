"""The two forms in which a model writes tags interest by interest: after examples, or aligned and asked shortly."""

from datetime import UTC, datetime

import pytest
from polars.testing import assert_frame_equal

from intentrec.tables import TAGS
from intentrec.tags import TagsConfig, predict_tags
from intentrec.tags.answers import ChosenTags
from intentrec.tags.by_interest import tags_of
from intentrec.tags.desk import open_desk
from intentrec.tags.interest_questions import InterestQuestions
from intentrec.tags.predict import resolved_mode
from intentrec.tags.rows import tag_rows

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
ANN = frozenset({"ann"})
TUNED = TagsConfig(mode="tuned", chosen=2, shortlist=4)


def predict(shop, model=None, config=TUNED, llm_users=ANN, language="en"):
    return predict_tags(
        shop.profiles, shop.interests, shop.events, shop.catalogue, shop.embedder,
        config, language, AS_OF, model, llm_users,
    )  # fmt: skip


def desk_of(shop, config=TUNED):
    return open_desk(
        shop.profiles, shop.interests, shop.events, shop.catalogue, shop.embedder, config, "en", AS_OF
    )  # fmt: skip


def good(request):
    tea = "«tea time»" in request.messages[-1].content
    return ChosenTags(tags=["tea strainer", " tea caddy "] if tea else ["garden fork", "garden rake"])


def ideas_of(request):
    lines = request.messages[-1].content.splitlines()
    return next((line.partition(" ")[2].strip("«»").split("; ") for line in lines if line.startswith("Ideas")), [])


@pytest.mark.parametrize(
    ("mode", "tuned", "small", "comes_to"),
    [
        ("auto", "tags", True, "tuned"),
        ("auto", "tags", False, "tuned"),
        ("auto", "interests", True, "cluster"),
        ("auto", "interests", False, "whole"),
        ("writing", "tags", True, "writing"),
        ("cluster", "tags", False, "cluster"),
    ],
)
def test_auto_asks_the_short_way_where_the_model_is_aligned_for_the_stage(fake_model, mode, tuned, small, comes_to):
    model = fake_model(good, small=small)
    model.tuned = frozenset({tuned})

    assert resolved_mode(TagsConfig(mode=mode), model) == comes_to


@pytest.mark.parametrize(("mode", "file"), [("tuned", "tuned"), ("writing", "each")])
def test_tags_in_the_models_own_words_come_first_and_rules_fill_up(shop, fake_model, mode, file):
    model = fake_model(good)
    result = predict(shop, model, TUNED.model_copy(update={"mode": mode}))

    tea = result.table.filter(user_id="ann", interest_id="ann-tea time").sort("rank")
    assert tea["tag"].to_list()[:2] == ["tea strainer", "tea caddy"]
    assert tea["model"].to_list()[:3] == ["fake-1b", "fake-1b", "none"]
    assert set(tea.head(2)["prompt_version"].str.split("@").list.first()) == {f"tags/{file}.en"}
    assert "enum" not in model.asked[0].answer_schema["properties"]["tags"]["items"]
    assert {request.subject for request in model.asked} == {"ann"}


def test_a_model_is_shown_what_shows_the_interest_and_the_shortlist(shop, fake_model):
    model = fake_model(good)
    predict(shop, model)

    tea, garden = (request.messages[-1].content for request in model.asked)
    assert tea.startswith("June\nInterest: «tea time»\nChosen: «copper kettle»\nIdeas: «")
    assert "Chosen: «steel spade»" in garden
    shown = [idea for request in model.asked for idea in ideas_of(request)]
    assert len(shown) == len(set(shown)) == 8
    assert "honey spoon" not in shown


def test_what_most_evidence_is_about_stands_first(shop, fake_model):
    rows = [shop.buy("zoe", title, 60) for title in ("scone plate", "enamel caddy", "linen cosy", "linen cosy")]
    rows += [shop.buy("zoe", "bamboo tray", 80) for _ in range(3)]
    shop.likes("zoe", "tea time", rows, 1.0)
    model = fake_model(good)
    predict(shop, model, llm_users=frozenset({"zoe"}))

    assert "Chosen: «bamboo tray; linen cosy; enamel caddy»" in model.prompts


def test_hints_can_be_what_others_moved_on_to_or_nothing(shop, fake_model):
    said = {}
    for hints in ("none", "followers", "shortlist"):
        model = fake_model(good)
        predict(shop, model, TUNED.model_copy(update={"hints": hints}))
        said[hints] = [ideas_of(request) for request in model.asked]

    assert said["none"] == [[], []]
    assert said["followers"][0][0] == "porcelain cup" or "porcelain cup" in said["followers"][0]
    assert {"porcelain cup", "steel spade", "tomato seeds"} >= set(said["followers"][0])
    assert said["shortlist"] != said["followers"]


def test_a_short_shortlist_does_not_keep_a_model_from_writing(shop, fake_model):
    model = fake_model(good)
    predict(shop, model, TUNED.model_copy(update={"chosen": 19}))

    assert len(model.asked) == 2
    assert model.asked[0].answer_schema["properties"]["tags"]["minItems"] == 19


@pytest.mark.parametrize(
    ("tag", "rule"),
    [("...", "echo"), ("cup", "no-modifier"), ("steel football", "off-interest"), ("spoon honey", "recent")],
)
def test_the_gate_is_the_same(shop, fake_model, tag, rule):
    result = predict(
        shop, fake_model(lambda r: ChosenTags(tags=[tag] if "«tea time»" in r.messages[-1].content else []))
    )

    assert result.rejections.select("reason", "output").rows() == [(rule, tag)]
    assert_frame_equal(result.table, predict(shop).table, check_exact=True)


def test_rules_answer_with_the_best_of_their_shortlist(shop):
    for form in ("tuned", "choosing"):
        asking = InterestQuestions(desk_of(shop), form)
        for question in asking.of("ann"):
            assert asking.by_rules(question).tags == question.best[:2]
            assert sorted(question.best) == sorted(question.ideas)


def test_rules_have_no_answer_where_their_list_is_too_short(shop):
    asking = InterestQuestions(desk_of(shop, TUNED.model_copy(update={"chosen": 19})), "tuned")

    assert [asking.by_rules(question) for question in asking.of("ann")] == [None, None]


def test_an_answer_becomes_rows_whatever_the_gate_would_say(shop):
    desk = desk_of(shop)
    question = InterestQuestions(desk, "tuned").of("ann")[0]
    answer = ChosenTags(tags=["...", question.best[0]])
    ranked = [
        ("ann", n, question.interest, tag) for n, tag in enumerate(tags_of(desk, question, answer, "m", "p@1"), 1)
    ]

    table = TAGS.check(TAGS.rows(tag_rows(ranked, desk, AS_OF)))
    assert table["tag"].to_list() == ["...", question.best[0]]
    assert table["interest_id"].to_list() == ["ann-tea time"] * 2
    assert table["category"][1] == "tea"
    assert "Others went on to it" in table["reason"][1] or "Close in kind" in table["reason"][1]
    assert tag_rows([], desk, AS_OF) == []
