"""What a user touched next is the answer to the question that was asked before."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from alignment_questions import Asked, tags_of
from intentrec.alignment.data.config import AlignmentDataConfig
from intentrec.alignment.data.grading import Made
from intentrec.alignment.data.incremental import Window, incremental
from intentrec.alignment.data.incremental.season import words_out_of_season
from intentrec.tables import CATALOGUE, EVENTS, INTERESTS
from intentrec.tags.config import TagsConfig
from judge_world import TableEmbedder

START = datetime(2024, 6, 1, tzinfo=UTC)
END = START + timedelta(days=14)
CONFIG = AlignmentDataConfig()
TEA = ("china tea cup", "iron tea pot", "tea towel rail", "round tea tray")
GARDEN = ("garden hand trowel", "long garden hose")
ODD = ("teapot", "brass ship bell")
PLACES = {name: [1.0, 0.1 * n] for n, name in enumerate(TEA)} | {name: [0.1 * n, 1.0] for n, name in enumerate(GARDEN)}
VECTORS = PLACES | {"tea": [1.0, 0.0], "garden": [0.0, 1.0], "teapot": [1.0, 0.2], "brass ship bell": [-1.0, -1.0]}
CATEGORIES = dict.fromkeys(TEA, "kitchen") | dict.fromkeys(GARDEN, "outdoors") | dict.fromkeys(ODD, "other")


def catalogue() -> pl.DataFrame:
    rows = [{"item_id": f"item {p}", "name": p, "phrase": p, "category": c} for p, c in CATEGORIES.items()]
    return CATALOGUE.rows(rows)


def event(user: str, phrase: str, days: float, kind: str = "purchase") -> dict[str, Any]:
    return {"user_id": user, "item_id": f"item {phrase}", "timestamp": START + timedelta(days=days), "event": kind}


def window(*events: dict[str, Any], evidence: Sequence[int] = (), tags: TagsConfig | None = None) -> Window:
    interests = [
        {"user_id": "u1", "interest_id": name, "interest": name, "evidence": list(evidence)}
        for name in ("tea", "garden")
    ]
    return Window(
        start=START, end=END, events=EVENTS.rows({"row": n} | e for n, e in enumerate(events)),
        catalogue=catalogue(), interests=INTERESTS.rows(interests), kinds=("purchase", "search"), brands=(),
        embedder=TableEmbedder(VECTORS), tags=tags or TagsConfig(repeat_similarity=0.9999), language="en",
    )  # fmt: skip


QUESTIONS = (
    tags_of("u1", "tea", ("china tea cup", "iron tea pot")),
    tags_of("u1", "garden", ("garden hand trowel", "long garden hose")),
)


def learned(
    *events: dict[str, Any], questions: Sequence[Asked] = QUESTIONS, config: AlignmentDataConfig = CONFIG
) -> Made:
    return incremental(questions, window(*events), config)


def test_the_answer_is_what_was_touched_next_in_the_interest() -> None:
    made = learned(
        event("u1", "iron tea pot", 3), event("u1", "garden hand trowel", 5), event("u1", "china tea cup", 1)
    )
    assert [sample.answer for sample in made.samples] == [
        '{"tags":["china tea cup","iron tea pot"]}',
        '{"tags":["garden hand trowel","long garden hose"]}',  # one was touched, the rules fill up
    ]
    tea, garden = made.samples
    assert (tea.messages, garden.messages) == tuple(q.request.messages for q in QUESTIONS)
    assert {(s.task, s.source, s.writer, s.user_id, s.as_of) for s in made.samples} == {
        ("tags", "behaviour", "none", "u1", START)
    }
    assert made.counts == {"behaviour: learned": 3}


def test_nothing_before_the_window_or_from_its_end_on_is_an_answer() -> None:
    made = learned(
        event("u1", "china tea cup", -40),
        event("u1", "iron tea pot", 14),
        event("u1", "tea towel rail", 13.9),
    )
    assert [sample.answer for sample in made.samples] == ['{"tags":["tea towel rail","china tea cup"]}']
    late = learned(event("u1", "iron tea pot", 14), event("u1", "tea towel rail", 20))
    assert late.samples == []


def test_what_was_just_touched_is_no_new_tag() -> None:
    made = learned(event("u1", "china tea cup", -5), event("u1", "china tea cup", 2))
    assert (made.samples, made.counts) == ([], {"behaviour: recent": 1})


def test_what_belongs_to_no_interest_or_is_worded_as_no_tag_is_refused() -> None:
    made = learned(event("u1", "brass ship bell", 2), event("u1", "teapot", 2))
    assert (made.samples, made.counts) == ([], {"behaviour: off-interest": 1, "behaviour: no-modifier": 1})


def test_events_that_show_no_wish_and_users_without_interests_teach_nothing() -> None:
    made = learned(event("u1", "china tea cup", 2, "return"), event("u2", "china tea cup", 2))
    assert (made.samples, made.counts) == ([], {})


def test_what_shows_an_interest_draws_behaviour_to_it() -> None:
    far = "tea towel rail"
    events = [event("u1", "long garden hose", -90), event("u1", far, 2)]
    vectors = TableEmbedder(VECTORS | {far: [1.0, 1.0]})
    open_to_both = replace(window(*events), embedder=vectors)
    shown = open_to_both.interests.with_columns(
        evidence=pl.when(interest="garden").then(pl.lit([0])).otherwise(pl.lit([], dtype=pl.List(pl.Int64)))
    )
    made = incremental(QUESTIONS, replace(open_to_both, interests=shown), CONFIG)
    assert [sample.messages for sample in made.samples] == [QUESTIONS[1].request.messages]


def test_few_of_a_category_and_of_a_user_are_learned() -> None:
    touched = [event("u1", phrase, n) for n, phrase in enumerate((*TEA, *GARDEN))]
    made = learned(*touched)
    assert [sample.answer for sample in made.samples] == [
        '{"tags":["china tea cup","iron tea pot"]}',
        '{"tags":["garden hand trowel","long garden hose"]}',
    ]
    assert made.counts == {"behaviour: learned": 4, "behaviour: balance": 2}
    assert learned(*touched, config=AlignmentDataConfig(max_user_tags=1)).counts["behaviour: balance"] == 5


def test_more_than_one_answer_holds_makes_several_samples() -> None:
    events = [event("u1", phrase, n) for n, phrase in enumerate(TEA[:3])]
    config = AlignmentDataConfig(max_category_tags=3)
    questions = [tags_of("u1", "tea", ("iron tea pot", "round tea tray"))]
    made = learned(*events, questions=questions, config=config)
    assert [sample.answer for sample in made.samples] == [
        '{"tags":["china tea cup","iron tea pot"]}',
        '{"tags":["tea towel rail","round tea tray"]}',
    ]


def test_what_the_rules_cannot_fill_up_is_left_out() -> None:
    made = learned(event("u1", "tea towel rail", 1), questions=[tags_of("u1", "tea")])
    assert (made.samples, made.counts) == ([], {"behaviour: too few": 1})


def test_interests_that_nobody_asks_about_are_counted() -> None:
    made = learned(event("u1", "long garden hose", 2), questions=QUESTIONS[:1])
    assert (made.samples, made.counts) == ([], {"behaviour: not asked": 1})


def test_a_quiet_window_teaches_nothing() -> None:
    assert learned().samples == []


def touches(phrase: str, month: int, n: int) -> list[tuple[datetime, str]]:
    return [(datetime(2023, month, 1 + day % 28, tzinfo=UTC), phrase) for day in range(n)]


def out_of_season(start: datetime, config: AlignmentDataConfig = CONFIG) -> frozenset[str]:
    rows = [row for month in range(1, 13) for row in touches("tea cup", month, 10)]
    rows += touches("christmas bauble", 11, 40) + touches("christmas bauble", 12, 40) + touches("rare snowman", 12, 5)
    touched = pl.DataFrame(rows, {"timestamp": EVENTS.schema["timestamp"], "phrase": pl.String}, orient="row")
    return words_out_of_season(touched, start, config)


def test_a_word_of_another_season_is_known_by_the_log() -> None:
    assert out_of_season(START) == {"christmas", "bauble"}


def test_a_word_of_the_coming_month_is_in_season() -> None:
    assert out_of_season(datetime(2024, 10, 20, tzinfo=UTC)) == frozenset()


def test_a_rare_word_has_no_known_season() -> None:
    assert "snowman" not in out_of_season(START)
    assert "snowman" in out_of_season(START, AlignmentDataConfig(season_events=5))


def test_a_log_without_these_months_knows_no_season() -> None:
    rows = touches("christmas bauble", 12, 50)
    touched = pl.DataFrame(rows, {"timestamp": EVENTS.schema["timestamp"], "phrase": pl.String}, orient="row")
    assert words_out_of_season(touched, START, CONFIG) == frozenset()
    assert words_out_of_season(touched.clear(), START, CONFIG) == frozenset()


def test_what_is_out_of_season_is_not_learned() -> None:
    summer = [event("u3", "iron tea pot", -360 + n % 20) for n in range(5)]
    winter = [event("u3", "round tea tray", -180 + n % 20) for n in range(40)]
    made = learned(*summer, *winter, event("u1", "round tea tray", 2))
    assert (made.samples, made.counts) == ([], {"behaviour: season": 1})
