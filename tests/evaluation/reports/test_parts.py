import math

import pytest

from intentrec.evaluation.reports.parts import EMPTY, Cell, Table, number, rounded, whole, words


def test_a_number_keeps_its_exact_value_beside_what_is_read():
    cell = number(1 / 3, 2, interval=(0.1, 0.5))
    assert (cell.text, cell.value, cell.interval, cell.interval_text) == ("0.33", 1 / 3, (0.1, 0.5), "[0.10, 0.50]")


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_was_not_measured_is_empty(value):
    assert number(value) is EMPTY


def test_half_an_interval_is_none():
    assert number(0.5, interval=(0.1, None)).interval is None


def test_no_zero_is_negative():
    assert (rounded(-0.00001, 4), rounded(-0.1, 1)) == ("0.0000", "-0.1")


def test_columns_are_numeric_when_no_word_stands_in_them():
    rows = [[words("a"), number(1.0), EMPTY, number(2.0)], [words("b"), EMPTY, EMPTY, words("none")]]
    assert Table("", ["", "x", "y", "z"], rows).numeric == {1}
    assert (whole(3), whole(None)) == (Cell("3", 3), EMPTY)
