import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from intentrec.llm import schema_of
from intentrec.llm.answers import WrongAnswer, misfit, parse_answer
from llm_world import Choice, choice_schema


class Interest(BaseModel):
    name: str = Field(min_length=2, max_length=10)
    lines: list[int] = Field(min_length=1, max_length=3)
    stage: str | None = None


class Interests(BaseModel):
    interests: list[Interest]


TEA = choice_schema("tea", "coffee")
GOOD = {"interests": [{"name": "tea", "lines": [1, 2], "stage": None}]}


def wrong(text: str, schema: dict[str, Any] = TEA, answer: type[BaseModel] = Choice, **how: bool) -> str:
    with pytest.raises(WrongAnswer) as told:
        parse_answer(text, schema, answer, **how)
    return str(told.value)


@pytest.mark.parametrize(
    "text",
    [
        '{"choice": "tea"}',
        ' \n{"choice":"tea"}\n',
        'Sure!\n```json\n{"choice": "tea"}\n```\nDone.',
        '```\n{"choice": "tea"}\n```',
        'The answer is {"choice": "tea"}, of course.',
        '<think>{"choice": "coffee"}?</think>{"choice": "tea"}',
    ],
)
def test_an_answer_is_found_in_what_servers_write_around_it(text: str) -> None:
    assert parse_answer(text, TEA, Choice) == Choice(choice="tea")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tea",
        "{",
        '{"choice":' * 5000,
        '{"choice": 1e999}',
        '{"choice": "tea"',
        '{"choice": NaN}',
        '{"choice": "\\ud83d"}',
    ],
)
def test_what_is_not_json_is_wrong(text: str) -> None:
    assert wrong(text).startswith("not-json: ")
    assert len(wrong(text)) <= 300


def test_an_answer_that_was_cut_says_so() -> None:
    assert wrong('{"choice": "te', cut=True).startswith("too-long: ")
    assert parse_answer('{"choice": "tea"}', TEA, Choice, cut=True).choice == "tea"


def test_a_choice_of_this_request_is_checked_although_the_type_does_not_know_it() -> None:
    assert wrong('{"choice": "cocoa"}') == "schema: answer.choice: 'cocoa' is not one of the choices"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"interests": 1}, "answer.interests: must be array"),
        ({}, "answer: 'interests' is missing"),
        (GOOD | {"extra": 1}, "answer: 'extra' has no place here"),
        ({"interests": [{"name": "t", "lines": [1], "stage": None}]}, "minLength is 2, not 1"),
        ({"interests": [{"name": "t" * 11, "lines": [1], "stage": None}]}, "maxLength is 10, not 11"),
        ({"interests": [{"name": "tea", "lines": [], "stage": None}]}, "minItems is 1, not 0"),
        ({"interests": [{"name": "tea", "lines": [1] * 4, "stage": None}]}, "answer.interests[0].lines: maxItems"),
        ({"interests": [{"name": "tea", "lines": ["1"], "stage": None}]}, "lines[0]: must be integer"),
        ({"interests": [{"name": "tea", "lines": [True], "stage": None}]}, "lines[0]: must be integer"),
        ({"interests": [{"name": "tea", "lines": [1], "stage": 3}]}, "stage: must be string"),
    ],
)
def test_a_misfit_is_named_with_its_place(change: dict[str, Any], problem: str) -> None:
    assert problem in wrong(json.dumps(change), schema_of(Interests), Interests)


def test_a_right_answer_passes_every_check() -> None:
    assert parse_answer(json.dumps(GOOD), schema_of(Interests), Interests).model_dump() == GOOD


def test_the_type_has_the_last_word_over_a_loose_schema() -> None:
    assert wrong('{"choice": 3}', {"type": "object"}) == "schema: choice: Input should be a valid string"
    assert wrong("[1]", {}).startswith("schema: answer: ")


@pytest.mark.parametrize(
    ("data", "schema", "fits"),
    [
        (3, {"type": "integer", "minimum": 3, "maximum": 3}, True),
        (2, {"type": "integer", "minimum": 3}, False),
        (4.5, {"type": "number", "maximum": 4}, False),
        (True, {"type": "boolean"}, True),
        ("a", {"const": "a"}, True),
        ("b", {"const": "a"}, False),
        (["x"], {"type": "array"}, True),
        ({"free": 1}, {"type": "object"}, True),
    ],
)
def test_bounds_and_constants(data: object, schema: dict[str, Any], fits: bool) -> None:
    assert (misfit(data, schema) == "") is fits


def test_a_schema_for_models_is_closed_requires_all_and_has_no_titles() -> None:
    class Titled(BaseModel):
        title: str = "a field may be called title"

    assert schema_of(Titled) == {
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
        "additionalProperties": False,
    }
    assert schema_of(Interests)["$defs"]["Interest"]["required"] == ["name", "lines", "stage"]


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_no_text_does_anything_but_parse_or_be_wrong(text: str) -> None:
    with suppress(WrongAnswer):
        assert parse_answer(text, TEA, Choice).choice in ("tea", "coffee")


@given(
    st.builds(
        Interests,
        interests=st.lists(
            st.builds(
                Interest,
                name=st.text("abc", min_size=2, max_size=10),
                lines=st.lists(st.integers(), min_size=1, max_size=3),
            ),
            max_size=3,
        ),
    )
)
def test_what_the_type_writes_fits_its_own_schema(value: Interests) -> None:
    assert parse_answer(value.model_dump_json(), schema_of(Interests), Interests) == value
