from datetime import UTC, datetime
from math import inf

import pytest

from intentrec.serving.experiments.decision import Guarded, decide
from intentrec.serving.experiments.definition import Experiment, Guardrail
from intentrec.serving.experiments.looks import Compared, Look
from intentrec.serving.experiments.sizes import Sizes

AT = datetime(2026, 3, 1, tzinfo=UTC)
FINE = Sizes((AT,), {"a": (500,), "b": (500,)}, {"a": 0.5, "b": 0.5}, (1.0,), 1.0)
BROKEN = Sizes((AT,), {"a": (600,), "b": (400,)}, {"a": 0.5, "b": 0.5}, (1e-5,), 1e-9)


def experiment(*treatments, **given):
    arms = {name: {"share": 1 / (len(treatments) + 1)} for name in ("a", *treatments)}
    return Experiment.model_validate({"salt": "e", "arms": arms} | given)


def compared(low, high, arm="b", metric="CTR", *, p=0.5, judged=True):
    middle = (low + high) / 2 if high < inf else 0.0
    look = Look(AT, 500, 500, 1.0, 1.0 + middle, middle, 0.01, low, high, middle, low, high, low, high, p, judged)
    return Compared(metric, arm, (look,))


def guarded(low, high, arm="b", **given):
    return Guarded(Guardrail(metric="GMV", margin=0.05, **given), compared(low, high, arm, "GMV"))


def verdict(primary, guards=(), sizes=FINE, over=False, **given):
    arms = [each.arm for each in primary]
    return decide(experiment(*arms, **given), sizes, primary, guards, over=over)


BETTER, WORSE, OPEN = (0.01, 0.03), (-0.03, -0.01), (-0.01, 0.02)


def test_a_better_arm_is_shipped():
    found = verdict([compared(*BETTER, p=0.002)])
    assert found.verdict == "ship"
    assert found.reasons == (
        "b is better than a, and no guardrail is in its way.",
        "CTR of b: +2.00% [+1.00%, +3.00%] against a, p = 0.002, 1,000 users.",
    )


@pytest.mark.parametrize(
    ("interval", "direction", "wanted"),
    [(BETTER, "up", "ship"), (BETTER, "down", "stop"), (WORSE, "up", "stop"), (WORSE, "down", "ship")],
)
def test_good_may_be_up_or_down(interval, direction, wanted):
    assert verdict([compared(*interval)], direction=direction).verdict == wanted


def test_an_open_question_keeps_running_until_the_experiment_is_over():
    assert verdict([compared(*OPEN)]).verdict == "keep running"
    found = verdict([compared(*OPEN)], over=True)
    assert (found.verdict, found.reasons[0]) == (
        "stop",
        "No difference in CTR is certain yet. The experiment is over.",
    )


@pytest.mark.parametrize(
    ("interval", "direction", "state"),
    [
        ((-0.04, 0.02), "up", "holds"), ((-0.06, 0.02), "up", "open"), ((-0.09, -0.06), "up", "breached"),
        ((-0.02, 0.04), "down", "holds"), ((-0.02, 0.06), "down", "open"), ((0.06, 0.09), "down", "breached"),
    ],
)  # fmt: skip
def test_a_guardrail_holds_is_breached_or_is_open(interval, direction, state):
    assert guarded(*interval, direction=direction).state == state


def test_a_guardrail_without_looks_is_open():
    rail = Guarded(Guardrail(metric="GMV"), Compared("GMV", "b", ()))
    assert (rail.state, rail.words()) == ("open", "GMV: too few users yet")


def test_a_better_arm_waits_for_its_guardrails():
    found = verdict([compared(*BETTER)], [guarded(-0.06, 0.02)])
    assert found.verdict == "keep running"
    assert found.reasons[0] == "An arm is better, but not every guardrail is known to hold."
    assert found.reasons[-1] == "GMV of b may or may not be worse by more than 5.0%."
    assert verdict([compared(*BETTER)], [guarded(-0.04, 0.02)]).verdict == "ship"


def test_a_breached_guardrail_stops_even_a_better_arm():
    found = verdict([compared(*BETTER)], [guarded(-0.09, -0.06)])
    assert (found.verdict, found.reasons[0]) == (
        "stop",
        "No arm is worth going on for: b breaches a guardrail.",
    )


def test_one_bad_arm_does_not_stop_another():
    primary = [compared(*OPEN), compared(*WORSE, arm="c")]
    assert verdict(primary).verdict == "keep running"
    assert verdict([compared(*BETTER), compared(*WORSE, arm="c")]).verdict == "ship"
    both = verdict([compared(*WORSE), compared(*BETTER, arm="c")], [guarded(-0.09, -0.06, "c")])
    assert both.reasons[0] == "No arm is worth going on for: c breaches a guardrail; b is worse."


def test_the_best_of_the_sound_arms_is_named():
    found = verdict([compared(0.01, 0.03), compared(0.02, 0.06, arm="c")])
    assert found.reasons[0].startswith("c is better")


def test_a_mismatch_stops_everything():
    found = verdict([compared(*BETTER)], sizes=BROKEN)
    assert found.verdict == "stop"
    assert len(found.reasons) == 1
    assert "users are a 600, b 400, but should be a 50.0%, b 50.0%. Trust no difference." in found.reasons[0]


def test_too_few_users_keep_it_running():
    found = verdict([Compared("CTR", "b", ())])
    assert found.verdict == "keep running"
    assert "100 users" in found.reasons[0]


def test_what_cannot_be_judged_is_said():
    found = verdict([compared(-inf, inf, judged=False)])
    assert found.verdict == "keep running"
    assert found.reasons[0].startswith("CTR cannot be judged")


def test_arms_that_are_alike_should_not_differ():
    fine = verdict([compared(*OPEN)], aa=True)
    assert (fine.verdict, fine.reasons[0]) == (
        "keep running",
        "A/A: arms that are alike do not differ, as they should.",
    )
    found = verdict([compared(*BETTER, p=0.01)], aa=True)
    assert (found.verdict, found.reasons[0]) == (
        "stop",
        "Arms that are alike differ: something counts or serves them unequally.",
    )
