"""A score taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.serving.explorer.bars import bars, number

SCORES = st.floats(-3, 3, allow_nan=False)


def entry(score: float, user: float | None = None, tag: float | None = None) -> dict[str, float | None]:
    return {"score": score, "score_user": user, "score_tag": tag}


def test_parts_stand_on_one_scale_and_their_sum_can_be_read() -> None:
    high, low = bars([entry(1.9, 1.5, 0.5), entry(0.5, 0.5)])
    # The longest reach is 2.0: 1.5 of it from the user, .5 from tags; variety takes .1 back.
    assert [(p.kind, p.start, p.width) for p in high.parts] == [
        ("user", 0, 75), ("tag", 75, 25), ("variety", 95, 5),
    ]  # fmt: skip
    assert high.sum == "1.900 = 1.500 user + 0.500 tags − 0.100 variety"
    assert [(p.kind, p.width) for p in low.parts] == [("user", 25)]
    assert low.sum == "0.500 = 0.500 user"


def test_negative_parts_reach_below_zero() -> None:
    (bar,) = bars([entry(0.5, -0.5, 1.0)])
    assert bar.zero == 50
    assert [(p.kind, p.start, p.width) for p in bar.parts] == [("user", 0, 50), ("tag", 0, 100)]
    assert bar.sum == "0.500 = −0.500 user + 1.000 tags"


def test_what_has_no_parts_is_one_bar() -> None:
    most, least = bars([entry(40.0), entry(10.0)])
    assert ([p.kind for p in most.parts], most.sum) == (["whole"], "40")
    assert least.parts[0].width == 25


def test_nothing_and_zeros_have_bars_without_parts() -> None:
    assert bars([]) == []
    assert bars([entry(0.0, 0.0, 0.0)])[0].parts == []


@pytest.mark.parametrize(
    ("value", "text"), [(0.12345, "0.123"), (-0.5, "−0.500"), (-0.0001, "0.000"), (12.0, "12.000")]
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text


@given(st.lists(st.tuples(SCORES, SCORES, SCORES), min_size=1, max_size=5))
def test_no_part_leaves_the_bar(rows: list[tuple[float, float, float]]) -> None:
    for bar in bars([entry(*row) for row in rows]):
        for part in bar.parts:
            assert part.start >= -0.01
            assert part.start + part.width <= 100.02
