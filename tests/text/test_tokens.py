import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.text.config import TextConfig
from intentrec.text.tokens import count_bytes, estimate_tokens, token_counter


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("bag", 1),
        ("bags", 2),
        ("lunch bag", 3),  # lun ch bag
        ("LUNCH", 3),  # LU NC H
        ("Lunch", 2),  # Lun ch
        ("2011-11", 7),
        ("a | b, c", 5),
        ("чай", 3),
        ("茶", 3),
        ("🎄", 4),
        ("a\nb", 3),
        ("a  b", 3),
    ],
)
def test_the_estimate_follows_its_rule(text, tokens):
    assert estimate_tokens([text]).tolist() == [tokens]


@given(st.lists(st.text(max_size=40), max_size=5))
def test_the_estimate_is_never_above_the_bytes_nor_below_a_fourth_of_what_is_not_white(texts):
    estimate, size = estimate_tokens(texts), count_bytes(texts)
    solid = count_bytes(["".join(text.split()) for text in texts])
    assert (estimate <= size).all()
    assert (4 * estimate >= solid).all()


@given(st.text(max_size=30), st.text(max_size=30))
def test_lines_cost_at_least_as_much_apart_as_together(one, other):
    together = estimate_tokens([f"{one}\n{other}"])[0]
    assert together <= estimate_tokens([one, other]).sum() + 1


def test_bytes_are_those_of_utf8():
    assert count_bytes(pl.Series(["чай", "a"])).tolist() == [6, 1]


def test_the_config_names_the_counter():
    assert token_counter(TextConfig()) is estimate_tokens
    assert token_counter(TextConfig(tokens="bytes")) is count_bytes
