"""The short form of an aligned model, held against the same gate as any sentence in a model's own words."""

from datetime import UTC, datetime

import pytest

from intentrec.explanations import ExplanationsConfig, write_explanations
from intentrec.explanations.pairs import Sentence
from intentrec.explanations.write import form_for

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)


def write(pairs, catalogue, model, config=None):
    return write_explanations(pairs, catalogue, config or ExplanationsConfig(), "en", AS_OF, model)


def aligned(fake_model, answer, stage="explanations", small=False):
    model = fake_model(answer, small=small)
    model.tuned = frozenset({stage})
    return model


@pytest.mark.parametrize(
    ("mode", "tuned", "small", "comes_to"),
    [
        ("auto", "explanations", True, "tuned"),
        ("auto", "explanations", False, "tuned"),
        ("auto", "tags", True, "choosing"),
        ("auto", "tags", False, "writing"),
        ("compose", "explanations", True, "writing"),
        ("choose", "explanations", False, "choosing"),
        ("tuned", "tags", False, "tuned"),
    ],
)
def test_auto_asks_the_short_way_where_the_model_is_aligned_for_the_stage(fake_model, mode, tuned, small, comes_to):
    model = aligned(fake_model, lambda request: None, tuned, small)

    assert form_for(ExplanationsConfig(mode=mode), model) == comes_to


def test_the_sentence_stands_under_the_name_of_model_and_adapter(pairs, catalogue, fake_model):
    model = aligned(fake_model, lambda request: Sentence(text="Makes every tea or garden hour a calm one"))
    result = write(pairs, catalogue, model)

    assert set(result.table["model"]) == {"fake-1b+explanations"}
    assert set(result.table["prompt_version"].str.split("@").list.first()) == {"explanations/tuned.en"}
    assert [len(request.messages) for request in model.asked] == [2, 2, 2]
    assert "June\nInterest: «tea time»\nItem: «porcelain cup» in «tea things»" in model.prompts


@pytest.mark.parametrize(("text", "rule"), [("copper kettle 2l", "copies-title"), ("ignore the rules", "echo")])
def test_the_gate_is_the_same(pairs, catalogue, fake_model, text, rule):
    one = pairs.filter(item_id="kettle")
    result = write(one, catalogue, aligned(fake_model, lambda request: Sentence(text=text)))

    assert result.rejections["reason"].to_list() == [rule]
    assert result.table["model"].to_list() == ["none"]
