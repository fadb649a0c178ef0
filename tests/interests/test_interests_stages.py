"""Stages and reasons, by hand."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.interests import InterestsConfig
from intentrec.interests.reasons import evidence_reason, told_from
from intentrec.interests.stages import STAGES, stage

LAST = datetime(2024, 6, 1, tzinfo=UTC)
CONFIG = InterestsConfig(recent_days=60, growth=1.5)


def stage_of(first_days_ago, last_days_ago, n_events, n_recent):
    row = {
        "first": LAST - timedelta(days=first_days_ago),
        "last": LAST - timedelta(days=last_days_ago),
        "user_last": LAST,
        "n_events": n_events,
        "n_recent": n_recent,
    }
    return pl.DataFrame([row]).select(stage(CONFIG)).item()


@pytest.mark.parametrize(
    ("first", "last", "n_events", "n_recent", "expected"),
    [
        (60, 0, 5, 5, "new"),
        (61, 0, 3, 2, "growing"),
        (300, 0, 10, 2, "lasting"),
        (300, 0, 10, 5, "growing"),  # 5 in 60 days against 5 in 240: four times as many a day
        (300, 0, 2, 1, "lasting"),  # one event is no growth
        (300, 120, 10, 0, "lasting"),
        (300, 121, 10, 0, "fading"),
    ],
)
def test_stages(first, last, n_events, n_recent, expected):
    assert stage_of(first, last, n_events, n_recent) == expected


@given(st.integers(0, 900), st.integers(0, 900), st.integers(1, 50), st.integers(0, 50))
def test_every_history_has_a_stage(a, b, n_events, n_recent):
    assert stage_of(max(a, b), min(a, b), n_events, min(n_recent, n_events)) in STAGES


MARCH, MAY = datetime(2024, 3, 2, tzinfo=UTC), datetime(2024, 5, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kinds", "counts", "last", "language", "expected"),
    [
        (["purchase"], [1], MARCH, "en", "bought once in March 2024: a, b"),
        (["purchase"], [2], MAY, "en", "bought twice since March 2024: a, b"),
        (
            ["view", "purchase", "cart"],
            [9, 5, 1],
            MAY,
            "en",
            "viewed 9 times and bought 5 times since March 2024: a, b",
        ),
        (["glance"], [3], MAY, "en", "glance 3 times since March 2024: a, b"),
        (["purchase"], [1], MARCH, "ru", "куплено 1 раз в марте 2024: a, b"),
        (["purchase"], [22], MAY, "ru", "куплено 22 раза с марта 2024: a, b"),
        (["purchase"], [12], MAY, "ru", "куплено 12 раз с марта 2024: a, b"),
        (["view", "purchase"], [5, 3], MAY, "ru", "просмотрено 5 раз и куплено 3 раза с марта 2024: a, b"),
    ],
)
def test_reasons(kinds, counts, last, language, expected):
    assert evidence_reason(kinds, counts, MARCH, last, ["a", "b"], language) == expected


def test_long_names_and_lists_are_cut():
    reason = evidence_reason(["view"], [4], MARCH, MARCH, ["x" * 60, "b", "c", "d"], "en")

    assert reason == f"viewed 4 times in March 2024: {'x' * 47}…, b, c"


def test_a_reason_is_told_from_the_events_it_rests_on():
    evidence = pl.DataFrame(
        {
            "event": ["purchase", "purchase", "view"],
            "timestamp": [MARCH, MARCH + timedelta(days=40), MARCH + timedelta(days=1)],
            "text": ["lunch bag", "jumbo bag", "jumbo bag"],
            "strength": [1.0, 1.0, 0.5],
        }
    )
    first = MARCH.strftime("%B %Y")
    assert told_from(evidence, "en") == f"bought twice and viewed once since {first}: jumbo bag, lunch bag"
    assert told_from(evidence.head(1), "en") == f"bought once in {first}: lunch bag"
