"""A reason for every recommendation, whatever it lacks."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.explanations import reason_of, rule_reason, rule_reasons

SCHEMA = {"source": pl.String, "interest": pl.String, "tag": pl.String, "near": pl.String}


@pytest.mark.parametrize(
    ("row", "english", "russian"),
    [
        (
            ("tag", "tea", "tin cup", "teapot"),
            "Because of your interest in tea: tin cup",
            "Потому что вам интересно «tea»: tin cup",
        ),
        (("tag", "tea", None, None), "Because of your interest in tea", "Потому что вам интересно «tea»"),
        (("tag", None, "tin cup", None), "Close to what you chose before", "Близко к тому, что вы выбирали"),
        (
            ("user", "tea", "tin cup", "teapot"),
            "Close to the teapot that you chose before",
            "Близко к тому, что вы уже выбирали: «teapot»",
        ),
        (("user", "tea", None, None), "Because of your interest in tea", "Потому что вам интересно «tea»"),
        (("user", None, None, None), "Close to what you chose before", "Близко к тому, что вы выбирали"),
        (("user", " ", None, " "), "Close to what you chose before", "Близко к тому, что вы выбирали"),
        (("popular", "tea", None, "x"), "Popular with other shoppers now", "Сейчас популярно у других покупателей"),
        ((None, None, None, None), "Close to what you chose before", "Близко к тому, что вы выбирали"),
    ],
)
def test_reasons(row, english, russian):
    frame = pl.DataFrame([row], schema=SCHEMA, orient="row")

    assert rule_reasons(frame, "en").to_list() == [english]
    assert rule_reasons(frame, "ru").to_list() == [russian]


_words = st.none() | st.text(max_size=10)


@given(
    st.lists(
        st.tuples(st.none() | st.sampled_from(["tag", "user", "popular", "?"]), _words, _words, _words), max_size=6
    )
)
def test_no_row_is_without_a_reason(rows):
    reasons = rule_reasons(pl.DataFrame(rows, schema=SCHEMA, orient="row"), "en")

    assert len(reasons) == len(rows)
    assert reasons.null_count() == 0


def test_columns_that_are_absent_count_as_null():
    assert rule_reasons(pl.DataFrame({"source": ["tag", "popular"]}), "en").to_list() == [
        "Close to what you chose before",
        "Popular with other shoppers now",
    ]


def test_a_pair():
    assert rule_reason("tea", "tin cup", "en") == "Goes with your interest in tea: tin cup"


WORDS = st.none() | st.sampled_from(["", " ", "tea", "tin cup", "{}"])


@given(st.lists(st.tuples(st.sampled_from(["user", "tag", "popular", "history"]), WORDS, WORDS, WORDS)))
@pytest.mark.parametrize("language", ["en", "ru"])
def test_one_row_is_told_as_a_frame_tells_it(
    language: str, rows: list[tuple[str, str | None, str | None, str | None]]
) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    assert [reason_of(*row, language) for row in rows] == rule_reasons(frame, language).to_list()


def test_an_interest_and_a_tag_of_the_same_words_are_said_once() -> None:
    assert reason_of("tag", "tea", "tea", None, "en") == "Because of your interest in tea"
