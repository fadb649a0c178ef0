"""The short form of an aligned model: who gets it, what it is asked, and that its answers meet the same gate."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from intentrec.interests import InterestsConfig, infer_interests
from intentrec.interests.answers import GroupAnswer
from intentrec.interests.behaviour import read_behaviour
from intentrec.interests.by_group import GroupNaming
from intentrec.interests.infer import interest_row, resolved_mode
from intentrec.tables import INTERESTS

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
ANN = frozenset({"ann"})
LOOSE = InterestsConfig(min_similarity=0, choice_margin=2)


def infer(shop, model=None, config=LOOSE, llm_users=ANN, language="en"):
    return infer_interests(
        shop.profiles, shop.events, shop.catalogue, shop.pool, shop.embedder,
        config, language, AS_OF, model, llm_users,
    )  # fmt: skip


def naming(shop, form="tuned", config=LOOSE):
    behaviour = read_behaviour(
        shop.profiles, shop.events, shop.catalogue, shop.pool, shop.embedder, config, "en", AS_OF
    )  # fmt: skip
    return GroupNaming(behaviour, shop.embedder, config, "en", form)


def aligned(fake_model, answer, *, small=True, stage="interests"):
    model = fake_model(answer, small=small)
    model.tuned = frozenset({stage})
    return model


def says(request):
    tea = "teapot" in request.messages[-1].content or "infuser" in request.messages[-1].content
    return GroupAnswer(interest="tea time" if tea else "gardening", evidence=[1])


@pytest.mark.parametrize(
    ("mode", "tuned", "small", "comes_to"),
    [
        ("auto", "interests", True, "tuned"),
        ("auto", "interests", False, "tuned"),
        ("auto", "tags", True, "cluster"),
        ("auto", "tags", False, "whole"),
        ("cluster", "interests", True, "cluster"),
        ("whole", "interests", True, "whole"),
        ("tuned", "tags", False, "tuned"),
    ],
)
def test_auto_asks_the_short_way_where_the_model_is_aligned_for_the_stage(fake_model, mode, tuned, small, comes_to):
    model = aligned(fake_model, says, small=small, stage=tuned)

    assert resolved_mode(InterestsConfig(mode=mode), model) == comes_to


def test_names_are_free_and_the_prompt_is_two_short_messages(shop, fake_model):
    model = aligned(fake_model, says)
    found = infer(shop, model).table.filter(user_id="ann").sort("interest")

    assert found["interest"].to_list() == ["gardening", "tea time"]
    assert found["prompt_version"].str.starts_with("interests/tuned.en@").all()
    assert set(found["model"]) == {"fake-1b+interests"}
    for request in model.asked:
        assert [message.role for message in request.messages] == ["system", "user"]
        assert "enum" not in request.answer_schema["properties"]["interest"]
        assert "Known: «" in request.messages[1].content
        assert "1 «" in request.messages[1].content


def test_no_clause_is_asked_for(shop, fake_model):
    model = aligned(fake_model, says)
    infer(shop, model, LOOSE.model_copy(update={"clause": True}))

    assert all("clause" not in request.answer_schema["properties"] for request in model.asked)


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (GroupAnswer(interest="tea time", evidence=[99]), "unknown-evidence"),
        (GroupAnswer(interest="...", evidence=[1]), "echo"),
        (GroupAnswer(interest="чай", evidence=[1]), "wrong-language"),
        (GroupAnswer(interest="football", evidence=[1]), "unreasonable"),
    ],
)
def test_the_gate_is_the_same(shop, fake_model, answer, rule):
    result = infer(shop, aligned(fake_model, lambda request: answer), InterestsConfig())

    assert result.rejections["reason"].to_list() == [rule, rule]
    assert_frame_equal(result.table, infer(shop, config=InterestsConfig()).table, check_exact=True)


def test_rules_answer_with_their_name_and_the_lines_that_resemble_it(shop):
    for config in (LOOSE, InterestsConfig(min_similarity=0.99)):
        asking = naming(shop, config=config).questions
        for question in asking.of(["ann", "bob"]):
            answer = asking.by_rules(question, shop.embedder)
            (name,) = shop.embedder.embed([question.rule.interest])
            near = [n for n, v in enumerate(shop.embedder.embed(question.texts), 1) if np.round(v @ name, 5) >= 0.99]
            assert answer.interest == question.rule.interest
            every = list(range(1, len(question.texts) + 1))
            assert answer.evidence == (every if config is LOOSE else near or every)


def test_rules_have_no_clause_to_give(shop):
    asking = naming(shop, "choosing", InterestsConfig(clause=True)).questions

    assert all(asking.by_rules(question, shop.embedder) is None for question in asking.of(["ann"]))


def test_an_answer_becomes_a_row_whatever_the_gate_would_say(shop):
    tools = naming(shop, config=InterestsConfig())
    (question, *_) = tools.questions.of(["ann"])

    refused = tools.written(question, GroupAnswer(interest=" football ", evidence=[1, 99]), "m", "p@1")
    row = INTERESTS.check(INTERESTS.rows([interest_row(refused, AS_OF)])).row(0, named=True)
    assert (row["interest"], row["listed"], row["model"], row["prompt_version"]) == ("football", False, "m", "p@1")
    events = shop.events.filter(user_id="ann", item_id=f"item {question.texts[0]}")
    assert row["evidence"] == events["row"].to_list()
    assert (row["stage"], row["weight"]) == (question.rule.stage, question.rule.weight)

    nothing = tools.written(question, GroupAnswer(interest="football", evidence=[]), "m", "p@1")
    assert nothing.evidence == ()


def test_a_reason_counts_no_event_that_the_name_does_not_rest_on(shop):
    asked = naming(shop, config=InterestsConfig(min_similarity=1))  # nothing joins the lines that are cited
    question = next(q for q in asked.questions.of(["ann"]) if len(q.units) > 1)
    whole = asked.written(
        question, GroupAnswer(interest="zebra", evidence=[*range(1, len(question.units) + 1)]), "m", "v"
    )
    part = asked.written(question, GroupAnswer(interest="zebra", evidence=[1]), "m", "v")

    touched = shop.events.filter(pl.col("row").is_in(list(part.evidence)))
    assert 0 < touched.height < len(whole.evidence)
    assert whole.reason == question.rule.reason
    assert part.reason.startswith(f"bought {({1: 'once', 2: 'twice'}).get(touched.height, f'{touched.height} times')} ")
    assert ", " not in part.reason
