"""A plan of personas, an expert for each, an arbiter over what they wrote; and hints for whole users."""

from datetime import UTC, datetime

import pytest
from polars.testing import assert_frame_equal

from intentrec.tags import TagsConfig, predict_tags
from intentrec.tags.answers import Persona, Picks, Plan, WrittenTag, WrittenTags

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
ANN = frozenset({"ann"})
PLANNED = TagsConfig(planner=True, personas=2, expert_tags=5, max_tags=10)
PLAN = Plan(
    personas=[
        Persona(persona="a host who pours tea", interests=[1]),
        Persona(persona="a gardener in June", interests=[2]),
    ]
)


def predict(shop, model=None, config=PLANNED):
    return predict_tags(
        shop.profiles, shop.interests, shop.events, shop.catalogue, shop.embedder, config, "en", AS_OF, model, ANN
    )  # fmt: skip


def tags(*pairs):
    return WrittenTags(tags=[WrittenTag(tag=tag, interest=n, reason="suits the shopper") for tag, n in pairs])


def team(plan=PLAN, tea=None, garden=None, picks=None):
    """A model that plans, writes for both personas and picks."""
    tea = tea or tags(("tea strainer", 1), ("tea caddy", 1))
    garden = garden or tags(("garden fork", 2), ("strainer tea", 1))

    def answer(request):
        if request.prompt_version.startswith("tags/plan."):
            return plan
        if request.prompt_version.startswith("tags/arbiter."):
            return picks or Picks(picks=[3, 1, 3])
        return tea if "a host" in request.messages[-1].content else garden

    return answer


def of_ann(result):
    return result.table.filter(user_id="ann").sort("rank")


def test_what_the_arbiter_picks_comes_first_in_its_order(shop, fake_model):
    model = fake_model(team(), small=False)
    result = predict(shop, model)

    mine = of_ann(result).filter(model="fake-1b")
    assert mine.select("tag", "interest_id").rows() == [
        ("tea strainer", "ann-tea time"),
        ("garden fork", "ann-garden work"),
    ]
    assert mine["prompt_version"].str.starts_with("tags/expert.en@").all()
    assert set(mine["reason"]) == {"suits the shopper"}
    assert result.rejections.is_empty()


def test_each_sees_what_it_needs(shop, fake_model):
    model = fake_model(team(), small=False)
    predict(shop, model)

    plan, tea, garden, arbiter = (request.messages[-1].content for request in model.asked)
    assert "Attributes: «country: Chad»" in plan
    assert "1. «tea time» because «bought often»; this shop has «" in plan
    assert plan.endswith("Write 2 personas.")
    assert "Persona: «a host who pours tea»\nInterests of the persona: 1\nWrite 5 tags" in tea
    assert "Persona: «a gardener in June»" in garden
    assert "1. «tea strainer»\n2. «tea caddy»\n3. «garden fork»\nPick up to 10." in arbiter
    assert {request.subject for request in model.asked} == {"ann"}


def test_picks_are_bound_to_the_pool(shop, fake_model):
    model = fake_model(team(), small=False)
    predict(shop, model, PLANNED.model_copy(update={"max_tags": 2}))

    plan, expert, _, arbiter = (request.answer_schema["properties"] for request in model.asked)
    assert plan["personas"]["minItems"] == plan["personas"]["maxItems"] == 2
    assert expert["tags"]["maxItems"] == 5
    assert arbiter["picks"]["items"]["maximum"] == 3
    assert arbiter["picks"]["maxItems"] == 2


def test_the_gate_is_the_same(shop, fake_model):
    garden = tags(("...", 2), ("garden fork", 7))
    result = predict(shop, fake_model(team(garden=garden, picks=Picks(picks=[1, 2, 3, 4, 9])), small=False))

    assert result.rejections["reason"].to_list() == ["echo", "unknown-interest"]
    assert of_ann(result).filter(model="fake-1b")["tag"].to_list() == ["tea strainer", "tea caddy"]


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (team(plan="not-json: x"), ["not-json"]),
        (team(plan="dry-run"), []),
        (team(tea="schema: x", garden="too-long: x"), ["schema", "too-long"]),
        (team(picks="not-json: x"), ["not-json"]),
    ],
)
def test_where_one_of_them_fails_the_rules_stand_in(shop, fake_model, answer, kept):
    result = predict(shop, fake_model(answer, small=False))

    assert result.rejections["reason"].to_list() == kept
    assert_frame_equal(result.table, predict(shop).table, check_exact=True)


def test_one_expert_is_enough(shop, fake_model):
    result = predict(shop, fake_model(team(garden="schema: x", picks=Picks(picks=[2])), small=False))

    assert of_ann(result).filter(model="fake-1b")["tag"].to_list() == ["tea caddy"]


@pytest.mark.parametrize(
    ("hints", "there", "absent"),
    [
        ("auto", "this shop has «", "others moved on to"),
        ("none", "this shop has «", "others moved on to"),
        ("followers", "; others moved on to «porcelain cup", "nothing"),
        ("shortlist", "this shop has «", "honey spoon»\n2."),
    ],
)
def test_whole_users_can_be_shown_what_others_moved_on_to(shop, fake_model, hints, there, absent):
    model = fake_model(lambda request: tags(("tea strainer", 1)), small=False)
    predict(shop, model, TagsConfig(hints=hints))

    assert there in model.prompts
    assert absent not in model.prompts
