"""The promotion gate, on figures whose outcome is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.alignment.gate import GateConfig, decide

QUICK = GateConfig(samples=200, least_users=2)


def users(*values: float) -> dict[str, float]:
    return {f"u{n:03d}": value for n, value in enumerate(values)}


def test_an_adapter_that_is_better_for_everybody_is_accepted() -> None:
    found = decide({"pass rate": users(1, 1, 1)}, {"pass rate": users(0, 0, 0)}, QUICK)
    assert found.accepted
    (one,) = found.compared
    assert (one.new, one.old, one.difference, one.low, one.high) == (1, 0, 1, 1, 1)
    assert one.sentence() == "pass rate 1.000 against 0.000: difference +1.000 [+1.000, +1.000] over 3 users"


def test_one_that_is_worse_for_everybody_by_just_the_margin_is_accepted_and_by_more_is_refused() -> None:
    old = users(*[0.5] * 30)
    assert decide({"HR@30": users(*[0.48] * 30)}, {"HR@30": old}, QUICK).accepted
    found = decide({"HR@30": users(*[0.47] * 30)}, {"HR@30": old}, QUICK)
    assert not found.accepted
    assert found.refusals == (
        "HR@30 0.470 against 0.500: difference -0.030 [-0.030, -0.030] over 30 users. With 95% confidence it may be "
        "worse by 0.030, more than gate.margin 0.02.",
    )


def test_the_lower_bound_decides_and_not_the_mean() -> None:
    # Half of the users gain 1, half lose 1: the mean is 0, and 20 users do not show that it is not worse.
    found = decide({"pass rate": users(*[1, 0] * 10)}, {"pass rate": users(*[0, 1] * 10)}, QUICK)
    assert found.compared[0].difference == 0
    assert found.compared[0].low == pytest.approx(-0.44, abs=0.1)  # 1.96 / sqrt(20)
    assert not found.accepted
    wide = QUICK.model_copy(update={"margin": 0.6})
    assert decide({"pass rate": users(*[1, 0] * 10)}, {"pass rate": users(*[0, 1] * 10)}, wide).accepted


def test_every_figure_must_hold() -> None:
    good, bad = users(*[1.0] * 5), users(*[0.0] * 5)
    found = decide({"pass rate": good, "HR@30": bad}, {"pass rate": bad, "HR@30": good}, QUICK)
    assert [one.holds for one in found.compared] == [True, False]
    assert not found.accepted
    assert len(found.refusals) == 1
    assert found.as_dict()["compared"][1]["figure"] == "HR@30"


def test_too_few_users_publish_nothing_however_good_it_looks() -> None:
    found = decide({"pass rate": users(1, 1, 1)}, {"pass rate": users(0, 0, 0)}, GateConfig(samples=200))
    assert found.refusals == ("pass rate was measured on 3 held-out users; gate.least_users is 20.",)
    nobody = decide({"HR@30": {}}, {"HR@30": {}}, QUICK)
    assert nobody.refusals == ("HR@30 was measured on 0 held-out users; gate.least_users is 2.",)


def test_figures_of_other_names_or_other_users_are_no_pair() -> None:
    with pytest.raises(ValueError, match="the same are needed of both"):
        decide({"pass rate": users(1)}, {"HR@30": users(1)}, QUICK)
    with pytest.raises(ValueError, match="the same are needed"):
        decide({}, {}, QUICK)
    with pytest.raises(ValueError, match="of other 1 of the other"):
        decide({"pass rate": {"a": 1.0}}, {"pass rate": {"b": 1.0}}, QUICK)


SHARES = st.lists(st.floats(0, 1), min_size=2, max_size=40)


@given(SHARES)
def test_an_adapter_is_never_worse_than_itself(values: list[float]) -> None:
    figures = {"pass rate": users(*values)}
    found = decide(figures, figures, QUICK)
    assert found.accepted
    assert found.compared[0].difference == 0


@given(SHARES, st.data())
def test_the_bound_lies_below_the_difference_and_more_margin_refuses_nothing_more(
    values: list[float], data: st.DataObject
) -> None:
    others = data.draw(st.lists(st.floats(0, 1), min_size=len(values), max_size=len(values)))
    new, old = {"pass rate": users(*values)}, {"pass rate": users(*others)}
    found = decide(new, old, QUICK)
    one = found.compared[0]
    assert -1 - 1e-6 <= one.low <= one.high <= 1 + 1e-6
    lenient = decide(new, old, QUICK.model_copy(update={"margin": 0.5}))
    assert lenient.accepted or not found.accepted


@given(SHARES)
def test_the_order_of_users_changes_nothing(values: list[float]) -> None:
    new = users(*values)
    shuffled = dict(sorted(new.items(), reverse=True))
    old = users(*values[::-1])
    assert decide({"f": new}, {"f": old}, QUICK) == decide({"f": shuffled}, {"f": old}, QUICK)
