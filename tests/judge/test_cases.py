"""From tables to cases: evidence, history, facts."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from intentrec.judge.cases import Tables, case_id, explanation_cases, interest_cases, tag_cases
from intentrec.tables import CATALOGUE, EVENTS, EXPLANATIONS, INTERESTS, ITEMS, TAGS
from intentrec.tags.config import TagsConfig

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)


def day(n: int) -> datetime:
    return AS_OF - timedelta(days=n)


@pytest.fixture(scope="module")
def tables() -> Tables:
    events = [
        (0, "u1", day(90), "purchase", "cup", None),
        (1, "u1", day(60), "purchase", "pot", None),
        (2, "u1", day(50), "search", None, "tea"),
        (3, "u1", day(49), "return", "cup", None),
        (4, "u2", day(40), "purchase", "spade", None),
        (5, "u1", day(-3), "purchase", "spade", None),
    ]
    columns = ["row", "user_id", "timestamp", "event", "item_id", "query"]
    named = {"cup": "tea cup", "pot": "tea pot", "spade": "steel spade"}
    interests = [
        {"user_id": "u1", "interest_id": "a", "interest": "tea", "weight": 0.5, "reason": "r", "evidence": [0, 1]},
        {"user_id": "u1", "interest_id": "b", "interest": "garden", "weight": 0.3, "evidence": [1, 4, 5, 99]},
        {"user_id": "u1", "interest_id": "c", "interest": "cups", "weight": 0.2, "evidence": []},
        {"user_id": "u3", "interest_id": "d", "interest": "tea", "weight": 1.0, "evidence": [1]},
    ]
    tags = [
        {"user_id": "u1", "rank": 1, "tag": "tea strainer", "interest_id": "a"},
        {"user_id": "u1", "rank": 2, "tag": "sugar bowl", "interest_id": "gone"},
    ]
    return Tables(
        items=ITEMS.rows({"item_id": i, "title": n.upper(), "category": "tea", "price": 2.5} for i, n in named.items()),
        events=EVENTS.check(pl.DataFrame(events, schema=columns, orient="row").with_columns(
            pl.col("timestamp").cast(pl.Datetime("us", "UTC"))
        )),
        catalogue=CATALOGUE.rows({"item_id": i, "name": n, "phrase": n, "category": "kit"} for i, n in named.items()),
        interests=INTERESTS.rows(row | {"listed": False, "model": "m", "prompt_version": "p"} for row in interests),
        tags=TAGS.rows(row | {"reason": "r", "model": "none", "prompt_version": "rules"} for row in tags),
        explanations=EXPLANATIONS.rows(
            {"interest": "tea", "item_id": i, "text": t, "model": "m", "prompt_version": v}
            for i, t, v in (("cup", "For tea", "explanations/explain.en@1"), ("gone", "Tea", "explanations/choose@1"))
        ),
        as_of=AS_OF,
    )  # fmt: skip


def test_an_interest_comes_with_the_events_it_rests_on(tables):
    tea, garden, cups, stranger = interest_cases(tables.interests, tables)
    assert [(touch.text, touch.event) for touch in tea.evidence] == [("tea cup", "purchase"), ("tea pot", "purchase")]
    assert (tea.n_missing, tea.others, tea.task, tea.subject) == (0, (), "interest", "u1")
    # Row 4 is another user's and row 99 is nobody's; row 5 is this user's, but later than the run.
    assert [touch.text for touch in garden.evidence] == ["tea pot", "steel spade"]
    assert (garden.n_missing, garden.others) == (2, ("tea",))
    assert (cups.evidence, cups.n_missing, cups.others) == ((), 0, ("tea", "garden"))
    assert (stranger.evidence, stranger.n_missing) == ((), 1)


def test_a_tag_comes_with_what_its_user_did_before_the_run(tables):
    strainer, bowl = tag_cases(tables.tags, tables, TagsConfig(recent_days=30))
    # What the interest rests on stands first; a return shows no wish, and what comes after the run is not known.
    assert strainer.history == ("tea pot", "tea cup", "tea")
    assert strainer.recent == ("tea pot", "tea")
    assert (strainer.interest, strainer.known, strainer.interest_reason, strainer.others) == ("tea", True, "r", ())
    assert (bowl.interest, bowl.known, bowl.others) == ("", False, ("tea strainer",))


def test_an_explanation_comes_with_all_that_is_known_of_its_item(tables):
    cup, gone = explanation_cases(tables.explanations, tables)
    assert dict(cup.facts) == {"title": "TEA CUP", "category": "kit", "price": "2.5"}
    assert [name for name, _ in cup.facts] == ["title", "category", "price", "category"]
    assert cup.known == "TEA CUP tea 2.5 kit tea"
    assert (cup.composed, cup.subject, gone.composed, gone.facts) == (True, "cup", False, ())


def test_a_case_is_known_by_what_its_task_depends_on():
    assert case_id("explanation", "u1", "i", "tea", "t") == case_id("explanation", None, "i", "tea", "t")
    assert case_id("interest", "u1", None, "tea", "tea") == case_id("interest", "u1", "i", None, "tea")
    different = {
        case_id("interest", "u1", None, "tea", "tea"),
        case_id("interest", "u2", None, "tea", "tea"),
        case_id("tag", "u1", None, "tea", "tea"),
        case_id("tag", "u1", None, "cups", "tea"),
        case_id("explanation", None, "i", "tea", "tea"),
        case_id("explanation", None, "j", "tea", "tea"),
    }
    assert len(different) == 6
