"""Questions as data: the very ones that stages ask, with what the rules answer and what the judge would see of it."""

from datetime import timedelta

import polars as pl
import pytest
from pydantic import BaseModel

from fake_model import FakeModel
from intentrec.config import Config
from intentrec.explanations import write_explanations
from intentrec.judge.cases import ExplanationCase, InterestCase, TagCase
from intentrec.llm import Request
from intentrec.llm.answers import misfit, parse_answer
from intentrec.llm.tokens import estimate_prompt
from intentrec.pipeline.asking import STAGES, Asked, Asking, Form, Stage, compact
from intentrec.pipeline.chain import Tools, make_catalogue, make_interests, make_profiles, make_tags
from intentrec.pipeline.inputs import Inputs
from intentrec.progress import SILENT
from intentrec.tables import EVENTS, EXPLANATIONS, INTERESTS, ITEMS, TAGS
from intentrec.text.hashing import HashingEmbedder
from shop_world import START, Shop

AS_OF = START + timedelta(days=100)
USERS = ("user003", "user001")
FORMS: tuple[Form, ...] = ("tuned", "writing", "choosing")
MODES: dict[Form, dict[str, dict[str, object]]] = {
    "tuned": {},
    "writing": {
        "interests": {"mode": "cluster", "free_names": True},
        "tags": {"mode": "writing"},
        "explanations": {"mode": "compose"},
    },
    "choosing": {
        "interests": {"mode": "cluster"},
        "tags": {"mode": "cluster"},
        "explanations": {"mode": "choose"},
    },
}


def inputs_of(shop: Shop, until: object = AS_OF) -> Inputs:
    items = ITEMS.check(shop.items)
    events = EVENTS.check(shop.events.sort("timestamp", "user_id").with_row_index("row").cast({"row": pl.Int64}))
    return Inputs(items, shop.users, events, AS_OF, {}).before(AS_OF)


def tools_of(model: FakeModel | None = None, **sections: object) -> Tools:
    config = Config.model_validate({"text": {"model": "hashing"}, **sections})
    return Tools(config, HashingEmbedder(64), model, frozenset(USERS), SILENT)


@pytest.fixture(scope="module")
def inputs(shop: Shop) -> Inputs:
    return inputs_of(shop)


@pytest.fixture(scope="module")
def asking(inputs: Inputs) -> Asking:
    return Asking.prepare(tools_of(), inputs, USERS)


def aligned(stage: Stage, form: Form) -> FakeModel:
    """A model that answers nothing, so that rules stand in, and that is aligned for the one stage."""
    model = FakeModel(lambda request: None, small=False)
    model.tuned = frozenset({stage} if form == "tuned" else ())
    return model


def sent(stage: Stage, form: Form, inputs: Inputs, pairs: pl.DataFrame) -> list[Request]:
    """What the stage sends in production."""
    model = aligned(stage, form)
    tools = tools_of(model, **{name: told for name, told in MODES[form].items() if name == stage})
    rules = tools.without_model()
    made = make_catalogue(tools, inputs)
    profiles = make_profiles(tools, inputs, made.catalogue).table
    if stage == "interests":
        make_interests(tools, inputs, made.catalogue, made.pool, profiles)
    elif stage == "tags":
        interests = make_interests(rules, inputs, made.catalogue, made.pool, profiles).table
        make_tags(tools, inputs, made.catalogue, profiles, interests)
    else:
        write_explanations(
            pairs, made.catalogue, tools.config.explanations, "en", AS_OF, model, brands=inputs.brands()
        )  # fmt: skip
    return model.asked


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("stage", STAGES)
def test_training_and_serving_see_the_same_text(asking: Asking, inputs: Inputs, stage: Stage, form: Form) -> None:
    pairs = pl.DataFrame([{"interest": p.interest, "item_id": p.item_id, "n": 1} for p in asking.pairs])
    asked = [one.request for one in asking.asked(stage, form)]

    assert asked
    assert sorted(asked, key=str) == sorted(sent(stage, form, inputs, pairs), key=str)
    assert asked[0].prompt_version.split("/")[1].startswith("tuned.en@") == (form == "tuned")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("stage", STAGES)
def test_the_rules_answer_in_the_words_of_the_grammar(asking: Asking, stage: Stage, form: Form) -> None:
    questions = asking.asked(stage, form)
    assert sum(bool(asked.by_rules) for asked in questions) > len(questions) / 2
    for asked in questions:
        for said in asked.by_rules:
            value = parse_answer(said, asked.request.answer_schema, asked.answer_type)
            assert compact(value) == said
            assert misfit(value.model_dump(exclude_unset=True), asked.request.answer_schema) == ""


def value_of(asked: Asked, said: str) -> BaseModel:
    return asked.answer_type.model_validate_json(said)


@pytest.mark.parametrize(
    ("stage", "table", "kind"),
    [("interests", INTERESTS, InterestCase), ("tags", TAGS, TagCase), ("explanations", EXPLANATIONS, ExplanationCase)],
)
def test_answers_become_rows_and_cases(asking: Asking, stage: Stage, table: object, kind: type) -> None:
    asked = asking.asked(stage, "tuned")
    answers = [(one, value_of(one, said), "m", "p@1") for one in asked for said in one.by_rules]
    cases = asking.cases(answers)

    assert len(cases) == len(answers)
    for (one, value, model, version), mine in zip(answers, cases, strict=True):
        frame = table.check(table.rows(one.rows(value, model, version)))  # type: ignore[attr-defined]
        words = frame["interest" if stage == "interests" else "tag" if stage == "tags" else "text"]
        assert [case.text for case in mine] == words.to_list()
        assert all(isinstance(case, kind) and case.writer == "m" and case.as_of == AS_OF for case in mine)
        assert {case.user_id for case in mine} == {one.user_id}
        assert {case.item_id for case in mine} == {one.item_id}


def test_rival_answers_to_one_question_do_not_meet(asking: Asking) -> None:
    (one, other, *_) = (asked for asked in asking.asked("tags", "tuned") if asked.by_rules)
    mine, theirs = (value_of(asked, asked.by_rules[0]) for asked in (one, other))
    alone = asking.cases([(one, mine, "m", "p"), (other, theirs, "m", "p")])
    several = asking.cases([(one, mine, "m", "p"), (one, mine, "m", "p"), (other, theirs, "m", "p")])

    assert one.user_id == other.user_id
    assert several == [alone[0], alone[0], alone[1]]
    assert {case.others for case in several[1]} != {()}


@pytest.mark.parametrize("stage", STAGES)
def test_the_short_form_is_a_third_of_the_others(asking: Asking, stage: Stage) -> None:
    def length(form: Form) -> float:
        asked = asking.asked(stage, form)
        return sum(estimate_prompt(one.request) for one in asked) / len(asked)

    assert length("tuned") < 80
    assert 3 * length("tuned") < min(length("writing"), length("choosing"))


def test_nothing_of_the_future_reaches_a_question(shop: Shop) -> None:
    later = [
        {"user_id": user, "timestamp": AS_OF + timedelta(days=1), "event": "purchase", "item_id": "id-zebrafish"}
        for user in USERS
    ]
    items = pl.concat([shop.items, pl.DataFrame([{"item_id": "id-zebrafish", "title": "ZEBRAFISH TEA CUP"}])])
    events = pl.concat([shop.events, pl.DataFrame(later, schema=shop.events.schema)])
    knowing = Asking.prepare(tools_of(), inputs_of(Shop(items, events, shop.users, shop.themes)), USERS)
    ignorant = Asking.prepare(tools_of(), inputs_of(shop), USERS)
    for stage in STAGES:
        asked = [one.request for one in knowing.asked(stage, "tuned")]
        assert asked == [one.request for one in ignorant.asked(stage, "tuned")]
        assert "zebrafish" not in str(asked)


def test_what_is_there_already_is_not_made_again(asking: Asking, inputs: Inputs) -> None:
    (user, *_) = USERS
    (pair, *_) = asking.pairs
    shown = pl.DataFrame(
        [
            {"user_id": user, "rank": rank, "item_id": item, "interest": i["interest"], "interest_id": i["interest_id"]}
            for i in asking.interests.filter(user_id=user).iter_rows(named=True)
            for rank, item in ((1, pair.item_id), (99, asking.pairs[-1].item_id))
        ]
    )
    given = {
        "catalogue": asking.catalogue, "pool": make_catalogue(tools_of(), inputs).pool, "profiles": asking.profiles,
        "interests": asking.interests, "tags": asking.tags, "recommendations": shown,
    }  # fmt: skip
    again = Asking.prepare(tools_of(), inputs, [user], tables=given)

    assert again.interests.equals(asking.interests.filter(user_id=user))
    assert again.tags.equals(asking.tags.filter(user_id=user))
    assert {told.item_id for told in again.pairs} <= {pair.item_id}
    assert [one.request for one in again.asked("tags", "tuned")] == [
        one.request for one in asking.asked("tags", "tuned") if one.user_id == user
    ]


def test_strangers_are_asked_nothing(inputs: Inputs) -> None:
    nobody = Asking.prepare(tools_of(), inputs, ["stranger"])

    assert [nobody.asked(stage, "tuned") for stage in STAGES] == [[], [], []]
