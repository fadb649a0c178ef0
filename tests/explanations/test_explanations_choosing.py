"""Choosing among sentences of the rules: when a model is asked, what is kept, what is refused."""

from datetime import UTC, datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from intentrec.explanations import ExplanationsConfig, write_explanations
from intentrec.explanations.choosing import shuffled
from intentrec.explanations.pairs import Pair, Sentence
from intentrec.tables import EXPLANATIONS

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)


def write(pairs, catalogue, model=None, language="en", **settings):
    return write_explanations(pairs, catalogue, ExplanationsConfig(**settings), language, AS_OF, model)


def texts_of(request):
    return request.answer_schema["properties"]["text"]["enum"]


def first(request):
    return Sentence(text=texts_of(request)[0])


@pytest.fixture
def small(fake_model):
    def make(answer=first):
        model = fake_model(answer)
        model.small = True
        return model

    return make


@pytest.mark.parametrize(
    ("mode", "is_small", "prompt"),
    [
        ("auto", True, "choose"),
        ("auto", False, "explain"),
        ("choose", False, "choose"),
        ("compose", True, "explain"),
    ],
)
def test_small_models_choose_and_others_compose_unless_told(pairs, catalogue, fake_model, mode, is_small, prompt):
    model = fake_model(lambda request: None)
    model.small = is_small
    write(pairs, catalogue, model, mode=mode)

    assert {request.prompt_version.partition("@")[0] for request in model.asked} == {f"explanations/{prompt}.en"}


def test_the_chosen_sentence_stands_under_the_name_of_the_model(pairs, catalogue, small):
    model = small(lambda request: Sentence(text=sorted(texts_of(request))[0]))
    result = write(pairs, catalogue, model)

    EXPLANATIONS.check(result.table)
    row = result.table.filter(item_id="cup").row(0, named=True)
    assert row["text"] == "If you like tea time, have a look at the porcelain cup"
    assert row["evidence"] == ["tea", "time", "porcelain", "cup"]
    assert row["model"] == "fake-1b"
    assert row["prompt_version"] == model.asked[0].prompt_version
    assert result.counts == {"passed:fake-1b": 3}


def test_the_longest_answer_bounds_the_sentences(pairs, catalogue, small):
    model = small()
    write(pairs, catalogue, model, max_pairs=1)

    (request,) = model.asked
    assert request.max_tokens == 16 + max(map(len, texts_of(request))) // 2
    assert all(f"«{text}»" in request.messages[-1].content for text in texts_of(request))


def test_a_pair_with_too_little_to_choose_from_asks_nothing(pairs, catalogue, small):
    model = small()
    named = catalogue.with_columns(name=pl.lit("a + b"), phrase=pl.lit("a + b"), category=pl.lit("x & y"))
    result = write(pairs, named, model)

    assert model.asked == []
    assert set(result.table["model"]) == {"none"}
    assert set(result.table["prompt_version"]) == {"rules"}
    assert result.rejections.is_empty()


@pytest.mark.parametrize(
    ("answer", "rule"),
    [(Sentence(text="My own words"), "not-offered"), (None, "schema"), ("too-long: cut", "too-long")],
)
def test_what_was_not_offered_is_kept_as_refused_and_the_rules_stand_in(pairs, catalogue, small, answer, rule):
    result = write(pairs, catalogue, small(lambda request: answer if request.subject == "cup" else first(request)))

    assert result.rejections.select("subject", "reason").rows() == [("cup", rule)]
    assert result.table.filter(item_id="cup")["prompt_version"].to_list() == ["rules"]


def test_a_dry_run_refuses_nothing(pairs, catalogue, small):
    result = write(pairs, catalogue, small(lambda request: "dry-run"))

    assert result.rejections.is_empty()
    assert_frame_equal(result.table, write(pairs, catalogue).table)


def test_the_order_differs_from_pair_to_pair_and_stays_for_each():
    pairs = [Pair("tea", f"i{n}", "cup", "cup", "cups") for n in range(20)]
    orders = [tuple(shuffled(["a", "b", "c"], pair)) for pair in pairs]

    assert {order[0] for order in orders} == {"a", "b", "c"}
    assert orders == [tuple(shuffled(["c", "b", "a"], pair)) for pair in pairs]


def test_russian(pairs, catalogue, small):
    table = write(pairs, catalogue, small(), language="ru").table

    assert set(table["model"]) == {"fake-1b"}
    assert all("«" in text for text in table["text"])
