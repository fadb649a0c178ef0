"""Agreement of raters, against figures worked out by hand or published."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.judge import Rating, agreement, cohen_kappa, krippendorff_alpha

LEVELS = ("bad", "good", "excellent")
# The example of Krippendorff, "Computing Krippendorff's alpha-reliability" (2011): a row an observer, a column a unit.
OBSERVED = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")


def units_of(*observers: str) -> list[list[str]]:
    return [[verdict for verdict in unit if verdict != "."] for unit in zip(*observers, strict=True)]


def test_kappa_of_a_table_worked_out_by_hand() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed .7, chance .5 * .6 + .5 * .4 = .5, (.7 - .5) / .5 = .4
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)


def test_weighted_kappa_forgives_near_misses() -> None:
    # Distances 0 1 0 0: 1 in all. Chance: margins (1, 2, 1) and (2, 1, 1), 16 pairs with distances
    # bad: 1 * (0, 1, 2), good: 2 * (2, 0, 1) of (2, 1, 1): 3 + 2 * 3 + (4 + 1) = 14, over 4: 3.5. 1 - 1 / 3.5
    first = ["bad", "good", "good", "excellent"]
    second = ["bad", "bad", "good", "excellent"]
    assert cohen_kappa(first, second, LEVELS) == pytest.approx(1 - 1 / 3.5)


def test_alpha_is_the_published_one() -> None:
    assert krippendorff_alpha(units_of(*OBSERVED)) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(units_of(*OBSERVED), "12345") == pytest.approx(0.815, abs=5e-4)
    assert krippendorff_alpha(units_of("0100000010", "1110010000")) == pytest.approx(0.095, abs=5e-4)


def test_agreement_counts_who_judged_what() -> None:
    ratings = [
        Rating("a", "ann", "no"), Rating("a", "ann", "yes"), Rating("a", "ben", "yes"),
        Rating("b", "ann", "no"), Rating("b", "ben", "yes"), Rating("c", "ben", "no"),
    ]  # fmt: skip
    found = agreement(ratings)
    assert (found.raters, found.subjects, found.shared, found.observed) == (2, 3, 2, 0.5)
    # On a and b: yes-yes and no-yes. Chance: .5 * 1 + .5 * 0 = .5
    assert (found.statistic, found.value) == ("kappa", 0.0)


def test_a_third_rater_makes_it_alpha() -> None:
    ratings = [Rating("a", rater, "yes") for rater in "xyz"] + [Rating("b", rater, "no") for rater in "xyz"]
    found = agreement([*ratings, Rating("c", "x", "yes"), Rating("c", "y", "no"), Rating("c", "z", "yes")])
    # Coincidences: yes-yes 3 + 1, no-no 3, yes-no 1 each way. Disagreement 2; chance 2 * 5 * 4 / 8 = 5
    assert (found.statistic, found.value) == ("alpha", pytest.approx(1 - 2 / 5))
    assert found.observed == pytest.approx((1 + 1 + 1 / 3) / 3)


def test_nothing_to_compare_is_no_number() -> None:
    assert cohen_kappa([], []) is None
    assert cohen_kappa(["yes"], ["yes"]) is None
    assert krippendorff_alpha([["yes"], []]) is None
    assert krippendorff_alpha([["yes", "yes"], ["yes", "yes"]]) is None
    alone = agreement([Rating("a", "ann", "yes")])
    assert (alone.observed, alone.value, alone.shared) == (None, None, 0)


def test_a_verdict_outside_the_levels_is_refused() -> None:
    with pytest.raises(ValueError, match="'great' is none of the levels bad, good, excellent"):
        krippendorff_alpha([["great", "bad"]], LEVELS)
    with pytest.raises(ValueError, match="longer"):
        cohen_kappa(["yes"], ["yes", "no"])


@given(st.lists(st.lists(st.sampled_from(LEVELS), min_size=2, max_size=4), min_size=1, max_size=12), st.booleans())
def test_agreement_is_never_above_one_and_full_only_where_nobody_differs(units, ordered) -> None:
    value = krippendorff_alpha(units, LEVELS if ordered else ())
    differ = any(len(set(unit)) > 1 for unit in units)
    assert value is None or (value <= 1 and (value == pytest.approx(1)) == (not differ))


@given(st.lists(st.tuples(st.sampled_from(LEVELS), st.sampled_from(LEVELS)), min_size=1, max_size=20))
def test_kappa_does_not_care_who_comes_first(pairs) -> None:
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    one, other = cohen_kappa(first, second), cohen_kappa(second, first)
    assert one == (None if other is None else pytest.approx(other))
