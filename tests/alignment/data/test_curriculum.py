"""Lessons say what the shop says, and nothing that came later."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from graphlib import CycleError
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.alignment.data.config import AlignmentDataConfig
from intentrec.alignment.data.curriculum import TASKS, CurriculumTask, Shop, curriculum, in_order, open_shop
from intentrec.alignment.data.curriculum.intermediate import mistyped
from intentrec.alignment.data.curriculum.tasks import Level
from intentrec.alignment.samples import Sample
from intentrec.catalogue import CatalogueConfig, build_catalogue
from intentrec.errors import ConfigError
from intentrec.tables import CATALOGUE, EVENTS, ITEMS, POOL
from intentrec.text.hashing import HashingEmbedder
from shop_world import START, make_shop

T = datetime(2024, 5, 1, tzinfo=UTC)
CONFIG = AlignmentDataConfig()
THINGS = (
    ("cup", "BLUE CHINA TEA CUP", "china tea cup", "tea"), ("pot", "IRON TEA POT", "iron tea pot", "tea"),
    ("tray", "ROUND TEA TRAY", "tea tray", "tea"), ("towel", "TEA TOWEL", "tea towel", "tea"),
    ("hose", "LONG GARDEN HOSE", "garden hose", "garden"), ("gnome", "GARDEN GNOME", "garden gnome", "garden"),
    ("bell", "BRASS BELL", "brass bell", "ships"), ("pin", "WOODEN ROLLING PIN", "rolling pin", "baking"),
    ("book", "PICTURE BOOK", "picture book", "books"),
)  # fmt: skip
BOUGHT = ("cup", "pot", "tray", "towel", "hose")
PAPER = {
    "query category prediction", "query-item relevance", "key info from titles", "item key points",
    "e-commerce what-to-buy", "concept explanation", "unique selling proposition", "query correction",
    "query rewriting", "recommendation", "keyword extraction", "sentiment", "text classification",
    "inductive reasoning", "deductive reasoning", "references",
}  # fmt: skip


def event(user: str, item: str | None, minutes: float, query: str | None = None) -> dict[str, Any]:
    kind = "search" if query else "purchase"
    return {
        "user_id": user,
        "item_id": item,
        "query": query,
        "timestamp": T + timedelta(minutes=minutes),
        "event": kind,
    }


def shop(*events: dict[str, Any], language: str = "en", as_of: datetime = T, **columns: list[Any]) -> Shop:
    ids, titles, phrases, categories = zip(*THINGS, strict=True)
    items = pl.DataFrame({"item_id": ids, "title": titles, **columns})
    made = [
        {"item_id": i, "name": t.lower(), "phrase": p, "category": c}
        for i, t, p, c in zip(ids, titles, phrases, categories, strict=True)
    ]
    pool = POOL.rows({"interest": name, "category": name} for name in ("tea", "garden"))
    bought = [event("u1", item, -1000 + n) for n, item in enumerate(BOUGHT)]
    log = EVENTS.rows({"row": n} | one for n, one in enumerate((*bought, *events)))
    return open_shop(ITEMS.check(items), log, CATALOGUE.rows(made), pool, language, as_of, seed=0)


def lessons(task: str, of: Shop, config: AlignmentDataConfig = CONFIG) -> dict[str, Sample]:
    """The samples of a task by their question."""
    found = curriculum(of, config).samples
    return {s.messages[-1].content: s for s in found if s.task == f"curriculum:{task}"}


def answers(task: str, of: Shop) -> dict[str, str]:
    return {question: sample.answer for question, sample in lessons(task, of).items()}


SEARCHED = (
    event("u1", None, -90, "China Cup "), event("u1", "cup", -80),
    event("u2", None, -70, "cuppa"), event("u2", "cup", -60),
    event("u3", None, -70, "cuppa"), event("u3", "pot", -65), event("u4", None, -70, "cuppa"), event("u4", "pot", -65),
    event("u5", None, -200, "too long ago"), event("u5", "pot", -160),
)  # fmt: skip


def test_every_task_of_the_paper_is_made_or_said_not_to_be() -> None:
    assert {task.paper for task in TASKS} == PAPER
    assert [task.name for task in TASKS if task.build is None] == ["sentiment"]
    assert sum(task.count for task in TASKS if task.name != "references") + 300 == 16_298


def test_a_task_comes_after_those_that_it_needs() -> None:
    order = [task.name for task in in_order(TASKS)]
    assert sorted(order) == sorted(task.name for task in TASKS)
    for task in TASKS:
        assert all(order.index(name) < order.index(task.name) for name in task.after)
    assert order == [task.name for task in in_order(reversed(TASKS))]


def task(name: str, after: tuple[str, ...], level: Level = "foundation") -> CurriculumTask:
    return CurriculumTask(name, level, name, 1, after, None, "")


def test_of_tasks_that_may_come_next_the_lowest_level_is_first() -> None:
    tasks = [task("a", (), "advanced"), task("b", ("a",)), task("c", (), "intermediate"), task("d", ())]
    assert [one.name for one in in_order(tasks)] == ["d", "c", "a", "b"]
    with pytest.raises(CycleError):
        in_order([task("a", ("b",)), task("b", ("a",))])


def test_a_search_means_the_category_of_what_most_touched_after_it() -> None:
    found = lessons("query_category", shop(*SEARCHED))
    assert {question: sample.answer for question, sample in found.items()} == {
        "Search: «china cup»\nIts category?": "tea",
        "Search: «cuppa»\nIts category?": "tea",
    }
    assert [found[f"Search: «{q}»\nIts category?"].user_id for q in ("china cup", "cuppa")] == ["u1", None]


def test_without_searches_phrases_stand_for_them() -> None:
    assert answers("query_category", shop())["Search: «brass bell»\nIts category?"] == "ships"


def test_a_search_fits_what_it_led_to_and_nothing_of_another_category() -> None:
    found = lessons("query_item", shop())
    categories = {phrase: category for _, _, phrase, category in THINGS}
    titles = {title: category for _, title, _, category in THINGS}
    for question, sample in found.items():
        query, title = (line.split("«")[1].split("»")[0] for line in question.splitlines()[:2])
        assert sample.answer == ("yes" if categories[query] == titles[title] else "no")
    assert {sample.answer for sample in found.values()} == {"yes", "no"}


def test_titles_are_cut_to_what_they_name() -> None:
    found = answers("title_key", shop())
    assert found["Item: «BLUE CHINA TEA CUP»\nWhat is it, in two or three words?"] == "china tea cup"
    assert not any("TEA TOWEL" in question for question in found)  # nothing is left out of it


def test_records_become_names() -> None:
    of = shop(brand=["Bodum", *[None] * 8], description=["For two.", *[None] * 8])
    question = "«BLUE CHINA TEA CUP»\n«Bodum»\n«tea»\n«For two.»\nThe item in one short line?"
    assert answers("key_points", of)[question] == "blue china tea cup"


def test_what_was_touched_most_is_to_be_bought() -> None:
    found = answers("what_to_buy", shop(event("u2", "pot", -5)))
    assert found == {"Interest: «tea»\nThree things to buy?": "iron tea pot; china tea cup; tea towel"}


def test_concepts_come_from_descriptions_alone() -> None:
    assert lessons("concept", shop()) == {}
    of = shop(description=["A cup of porcelain. Made by hand.", "x" * 300, *[None] * 7])
    assert answers("concept", of) == {"What is «china tea cup»?": "A cup of porcelain."}


def test_what_few_others_of_a_category_say_sets_an_item_apart() -> None:
    assert lessons("selling_point", shop()) == {}  # too few of any category to know
    base = shop()
    alike = [
        base.items[0]._replace(item_id=str(n), title="TEA CUP", phrase="tea cup", category="cups") for n in range(12)
    ]
    alike[0] = alike[0]._replace(title="TEA CUP WITH SAUCER AND WOLF TEA CUP")
    alike[1] = alike[1]._replace(title="DRAGON TEA CUP")
    of = replace(base, items=alike)
    assert answers("selling_point", of) == {
        "Item: «DRAGON TEA CUP»\nCategory: «cups»\nWhich of its words set it apart?": "dragon"
    }


def test_slips_are_put_right() -> None:
    found = answers("query_correction", shop())
    assert set(found.values()) <= {phrase for _, _, phrase, _ in THINGS}
    assert len(found) == len(THINGS)
    assert all(answer not in question for question, answer in found.items())


@given(st.text("abcdefg ", max_size=20), st.integers())
def test_a_slip_changes_one_word_by_at_most_one_letter(phrase: str, seed: int) -> None:
    slip = mistyped(phrase, random.Random(seed))
    words, slipped = phrase.split(), slip.split()
    assert not slip or len(words) == len(slipped)
    changed = [(a, b) for a, b in zip(words, slipped, strict=False) if a != b]
    assert len(changed) == bool(slip)
    assert all(abs(len(a) - len(b)) <= 1 for a, b in changed)


def test_searches_are_said_in_the_words_of_the_shop() -> None:
    found = answers("query_rewriting", shop(*SEARCHED))
    assert found == {
        "Search: «china cup»\nHow does the shop call it?": "china tea cup",
        "Search: «cuppa»\nHow does the shop call it?": "iron tea pot",
    }


def test_without_searches_phrases_are_put_in_order() -> None:
    for question, answer in answers("query_rewriting", shop()).items():
        said = question.split("«")[1].split("»")[0].split()
        assert said[0] in {"buy", "cheap", "shop"}
        assert sorted(said[1:]) == sorted(answer.split())


def test_what_a_user_touched_next_is_recommended() -> None:
    ((question, sample),) = lessons("recommendation", shop(event("u2", "cup", -9))).items()
    assert question.splitlines()[1:-1] == [
        f"«{name}»" for name in ("blue china tea cup", "iron tea pot", "round tea tray", "tea towel")
    ]
    assert (sample.answer, sample.user_id) == ("garden hose", "u1")


def test_key_words_leave_out_colours() -> None:
    assert answers("keywords", shop())["Item: «BLUE CHINA TEA CUP»\nIts key words?"] == "china, tea, cup"


def test_one_of_four_categories_is_right() -> None:
    found = answers("classification", shop())
    assert len(found) == len(THINGS)
    for question, answer in found.items():
        assert question.count("«") == 5
        assert f"«{answer}»" in question


def test_what_items_share_is_their_interest() -> None:
    ((question, answer),) = answers("induction", shop()).items()
    assert answer == "tea"
    assert question.count("tea") == 3


def test_a_rule_about_another_category_does_not_follow() -> None:
    found = answers("deduction", shop())
    for question, answer in found.items():
        ruled, own = (question.splitlines()[n].rsplit("category «")[-1].split("»")[0] for n in (0, 1))
        assert answer == ("yes" if ruled == own else "no")
    assert set(found.values()) == {"yes", "no"}


def test_lines_that_show_an_interest_are_named_by_number() -> None:
    for question, answer in answers("references", shop()).items():
        *lines, last = question.splitlines()
        word = last.split("«")[1].split("»")[0]
        assert answer == ", ".join(
            line.split(".")[0] for line in lines if f" {word} " in line.replace("«", " ").replace("»", " ")
        )


def test_lessons_are_as_many_as_asked_for_and_the_same_every_time() -> None:
    few = curriculum(shop(), AlignmentDataConfig(curriculum_limit=2))
    assert max(few.counts.values()) == 2
    assert few.counts["curriculum: sentiment"] == 0
    assert few.samples == curriculum(shop(), AlignmentDataConfig(curriculum_limit=2)).samples
    assert curriculum(shop(), AlignmentDataConfig(curriculum_limit=0)).samples == []
    names = [sample.task.removeprefix("curriculum:") for sample in curriculum(shop(), CONFIG).samples]
    order = [task.name for task in in_order(TASKS) if task.name in names]
    assert list(dict.fromkeys(names)) == order


def test_no_question_stands_twice() -> None:
    samples = curriculum(shop(*SEARCHED), CONFIG).samples
    assert len({(s.task, s.messages) for s in samples}) == len(samples)


def test_russian_lessons_are_russian() -> None:
    samples = curriculum(shop(language="ru"), CONFIG).samples
    assert {s.answer for s in samples if s.task == "curriculum:query_item"} == {"да", "нет"}
    assert all("магазина" in s.messages[0].content for s in samples)
    with pytest.raises(ConfigError, match="language 'de'"):
        curriculum(shop(language="de"), CONFIG)


def test_nothing_that_came_later_reaches_a_lesson() -> None:
    later = "FUTURE"
    created = [T - timedelta(days=900)] * 8 + [T]
    marked = shop(
        *SEARCHED,
        event("u1", None, 0, f"{later} words"), event("u1", "pot", 1), event("u9", "book", 2),
        event("u1", None, -1, f"{later} touch"), event("u1", "pot", 1),
        created_at=created, description=[*[None] * 8, later],
    )  # fmt: skip
    samples = curriculum(marked, CONFIG).samples
    said = "".join(message.content for s in samples for message in s.chat)
    assert later.lower() not in said.lower()
    assert "book" not in said.lower()
    assert {s.as_of for s in samples} == {T}


def test_a_whole_shop_gives_lessons_of_every_task_that_it_can() -> None:
    world = make_shop()
    events = world.events.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    until = START + timedelta(days=100)
    made = build_catalogue(ITEMS.check(world.items), EVENTS.check(events), HashingEmbedder(), CatalogueConfig(), until)
    of = open_shop(ITEMS.check(world.items), EVENTS.check(events), made.catalogue, made.pool, "en", until, 0)
    counts = curriculum(of, CONFIG).counts
    none = {name.removeprefix("curriculum: ") for name, n in counts.items() if not n}
    assert none <= {"sentiment", "concept", "selling_point"}
