"""The judge held against people: truths, pairs, figures."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from intentrec.judge.cases import case_id
from intentrec.judge.people import errors_of, figures_of, pairs_of, standing_of, truths
from intentrec.tables import LABELS, VERDICTS

START = datetime(2026, 1, 1, tzinfo=UTC)


def label(n, criterion, verdict, rater="ann", day=0, task="interest", text="tea"):
    return {
        "label_id": f"{task}{n}{criterion}{rater}{day}", "task": task, "subject": f"u{n}",
        "user_id": None if task == "explanation" else f"u{n}", "item_id": f"u{n}" if task == "explanation" else None,
        "interest": "tea", "text": text, "criterion": criterion, "verdict": verdict, "rater": rater,
        "at": START + timedelta(days=day),
    }  # fmt: skip


def labels(*rows):
    return LABELS.rows(rows)


def truth(*rows):
    return {(row["case_id"], row["criterion"]): row for row in truths(labels(*rows)).iter_rows(named=True)}


def one(n=1, task="interest"):
    return case_id(task, f"u{n}", None, "tea", "tea")


def test_the_majority_decides_and_an_even_split_says_nothing():
    found = truth(
        label(1, "willingness", "yes"), label(1, "willingness", "no", "bob"), label(1, "willingness", "yes", "cid"),
        label(2, "willingness", "yes"), label(2, "willingness", "no", "bob"),
    )  # fmt: skip
    assert [(key[0], row["passed"], row["n_raters"]) for key, row in found.items()] == [(one(1), True, 3)]


def test_a_raters_later_verdict_counts():
    found = truth(label(1, "willingness", "yes"), label(1, "willingness", "no", day=3))
    row = found[one(), "willingness"]
    assert (row["passed"], row["n_raters"], row["at"]) == (False, 1, (START + timedelta(days=3)).timestamp())


def test_of_graded_verdicts_the_commonest_on_the_side_that_won_is_told():
    rows = [
        label(1, "factuality", verdict, rater, task="explanation")
        for rater, verdict in (("a", "excellent"), ("b", "bad"), ("c", "good"), ("d", "good"))
    ]
    found = truth(*rows)
    assert [(row["passed"], row["verdict"]) for row in found.values()] == [(True, "good")]


def test_verdicts_that_are_not_ours_are_passed_over():
    assert truth(label(1, "beauty", "yes"), label(1, "willingness", "maybe")) == {}
    assert truth(label(1, "willingness", "yes", task="song")) == {}
    assert truths(LABELS.empty()).is_empty()


def test_the_whole_needs_every_defect_to_be_judged():
    rows = [label(1, name, "yes") for name in ("willingness", "hallucination")]
    assert (one(), "grade") not in truth(*rows)
    assert truth(*rows, label(1, "reasonableness", "strong"))[one(), "grade"]["passed"]
    whole = truth(*rows, label(1, "reasonableness", "weak"))[one(), "grade"]
    assert (whole["passed"], whole["verdict"]) == (False, "bad")


def verdicts(*rows):
    return VERDICTS.rows(
        {"task": "interest", "case_id": key, "criterion": "willingness", "passed": passed, "model": model}
        for key, passed, model in rows
    )


def test_only_what_both_judged_and_only_this_judge_counts():
    given = labels(*(label(n, "willingness", "yes", day=n) for n in range(4)))
    stored = verdicts((one(0), True, "m"), (one(2), False, "m"), (one(3), True, "other"), ("x", True, "m"))
    pairs = pairs_of(given, stored, "m")
    assert [(p.case_id, p.person, p.judge) for p in pairs["interest", "willingness"]] == [
        (one(2), True, False),
        (one(0), True, True),
    ]
    assert pairs_of(given, stored, "nobody") == {}


def test_figures_worked_out_by_hand():
    person = np.array([True] * 6 + [False] * 4)
    judge = np.array([True] * 5 + [False] + [True] + [False] * 3)
    found = figures_of(person, judge)
    # Chance agrees on .6 * .6 + .4 * .4 = .52.
    assert found == {
        "accuracy": pytest.approx(0.8),
        "precision": pytest.approx(5 / 6),
        "recall": pytest.approx(5 / 6),
        "f1": pytest.approx(10 / 12),
        "kappa": pytest.approx((0.8 - 0.52) / 0.48),
    }


def test_figures_that_are_not_defined_are_none():
    nobody = np.zeros(3, dtype=np.bool_)
    assert figures_of(nobody, nobody) == {"accuracy": 1.0, "precision": None, "recall": None, "f1": None, "kappa": None}
    assert figures_of(nobody[:0], nobody[:0])["accuracy"] is None


def pairs(good_passed, good, bad_failed, bad):
    rows = [label(n, "willingness", "yes" if n < good else "no") for n in range(good + bad)]
    judged = [(one(n), n < good_passed or n >= good + bad_failed, "m") for n in range(good + bad)]
    return pairs_of(labels(*rows), verdicts(*judged), "m")["interest", "willingness"]


def test_errors_are_counted_by_what_people_say():
    errors = errors_of(pairs(7, 10, 3, 5))
    assert (errors.good, errors.good_passed, errors.bad, errors.bad_failed) == (10, 7, 5, 3)


def test_intervals_surround_the_figures_and_are_the_same_every_time():
    both = pairs(40, 50, 20, 30)
    standing = standing_of("interest", "willingness", both, 0.95)
    assert standing == standing_of("interest", "willingness", both, 0.95)
    for rate in standing.figures.values():
        assert rate.low < rate.value < rate.high
    accuracy = standing.figures["accuracy"]
    assert accuracy.value == pytest.approx(60 / 80)
    # A share of 80 draws spreads by sqrt(.75 * .25 / 80) = .0484.
    assert accuracy.low == pytest.approx(0.75 - 1.96 * 0.0484, abs=0.02)
    assert accuracy.high == pytest.approx(0.75 + 1.96 * 0.0484, abs=0.02)
    assert standing_of("interest", "willingness", [], 0.95).figures["accuracy"] is None


def test_a_frame_of_truths_has_the_same_columns_when_it_is_empty():
    assert truths(LABELS.empty()).schema == truths(labels(label(1, "willingness", "yes"))).schema
    assert isinstance(truths(LABELS.empty()), pl.DataFrame)
