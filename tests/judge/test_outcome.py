"""Grades, rows, and judging by rules and a model together."""

import polars as pl
import pytest

from fake_model import FakeModel
from intentrec.judge.asking import Quoted
from intentrec.judge.criteria import criteria_of
from intentrec.judge.outcome import Ruling, grade_of, verdict_rows
from intentrec.tables import VERDICTS
from judge_world import explanation, interest, judge_of, tag


def rulings(task, **verdicts):
    return [Ruling(c, verdicts.get(c.name, c.plain), "model") for c in criteria_of(task)]


@pytest.mark.parametrize(
    ("task", "verdicts", "grade"),
    [
        ("explanation", {}, "average"),
        ("explanation", {"safety": "no"}, "bad"),
        ("explanation", {"factuality": "bad"}, "bad"),
        ("explanation", {"timeliness": "bad", "attractiveness": "bad"}, "average"),
        ("explanation", {"factuality": "excellent"}, "average"),
        ("explanation", {"factuality": "excellent", "attractiveness": "excellent"}, "superior"),
        ("explanation", {"factuality": "excellent", "attractiveness": "excellent", "clarity": "no"}, "bad"),
        ("tag", {"specificity": "excellent"}, "superior"),
        ("tag", {"specificity": "good"}, "average"),
        ("tag", {"specificity": "bad"}, "bad"),
        ("interest", {}, "average"),
        ("interest", {"reasonableness": "weak"}, "bad"),
    ],
)
def test_any_defect_is_bad_and_half_of_what_can_shine_is_superior(task, verdicts, grade):
    assert grade_of(rulings(task, **verdicts), 0.5) == grade


def test_the_share_is_a_setting():
    two_of_four = rulings("explanation", factuality="excellent", timeliness="excellent")
    assert grade_of(two_of_four, 0.51) == "average"
    assert grade_of([], 0.5) == "average"


def test_without_a_model_rules_decide_everything():
    good, bad = judge_of().judge([interest(), interest("toilet paper")])
    assert [ruling.verdict for ruling in good.rulings] == ["yes", "strong", "yes"]
    assert {ruling.decided_by for ruling in good.rulings} == {"rule"}
    assert (good.grade, bad.grade) == ("average", "bad")
    willingness = bad.rulings[0]
    assert (willingness.verdict, willingness.fault, willingness.passed) == ("no", "necessity", False)


def test_a_model_is_asked_only_where_no_rule_found_a_fault():
    model = FakeModel(lambda request: Quoted(quote="toilet paper", verdict="yes"), small=False)
    judge = judge_of(model)
    outcome = judge.judge([interest("toilet paper", listed=True)])[0]
    by = {ruling.criterion.name: ruling.decided_by for ruling in outcome.rulings}
    assert by["willingness"] == "rule"
    asked = {request.prompt_version.partition("/interest-")[2].partition("@")[0] for request in model.asked}
    assert asked == {name for name, who in by.items() if who != "rule"}
    assert judge.model_id == "fake-1b"
    assert judge_of().model_id == "none"


def test_equal_cases_are_asked_about_once():
    model = FakeModel(lambda request: Quoted(quote="tea pot", verdict=verdicts_of(request)[0]), small=False)
    first, second = judge_of(model).judge([tag(), tag()])
    assert first == second
    assert len(model.asked) == 4


def verdicts_of(request):
    return sorted(request.answer_schema["properties"]["verdict"]["enum"])


def test_what_a_model_did_not_answer_has_no_ruling():
    outcome = judge_of(FakeModel(lambda request: None, small=False)).judge([tag()])[0]
    assert outcome.rulings == ()
    unquoted = FakeModel(lambda request: Quoted(quote="nothing of it", verdict=verdicts_of(request)[-1]), small=False)
    assert {r.decided_by for r in judge_of(unquoted).judge([tag()])[0].rulings} == {"unquoted"}


def test_rows_are_those_of_the_table():
    outcomes = judge_of().judge([interest(), tag("smart tea set"), explanation()])
    rows = verdict_rows(outcomes, "none")
    assert VERDICTS.check(rows).height == (3 + 1) + (4 + 1) + (7 + 1)
    assert rows.select(VERDICTS.key).is_unique().all()
    whole = rows.filter(criterion="grade")
    assert whole["verdict"].to_list() == ["average", "bad", "average"]
    assert whole["passed"].to_list() == [True, False, True]
    fault = rows.filter(pl.col("fault").is_not_null()).row(0, named=True)
    assert (fault["criterion"], fault["fault"], fault["quote"]) == ("specificity", "vague", "smart tea set")
    assert rows.filter(task="explanation")["user_id"].null_count() == 8
