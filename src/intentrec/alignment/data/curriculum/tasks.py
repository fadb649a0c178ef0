"""The sixteen tasks of the curriculum of RecGPT-V1 (section 2.1.3, table 1): which are made here, and how."""

from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Literal

from intentrec.alignment.data.curriculum.advanced import (
    classification,
    deduction,
    induction,
    keywords,
    recommendation,
    references,
)
from intentrec.alignment.data.curriculum.foundation import key_points, query_category, query_item, title_key
from intentrec.alignment.data.curriculum.intermediate import (
    concept,
    query_correction,
    query_rewriting,
    selling_point,
    what_to_buy,
)
from intentrec.alignment.data.curriculum.lesson import Build

Level = Literal["foundation", "intermediate", "advanced"]
_LEVELS: dict[Level, int] = {"foundation": 0, "intermediate": 1, "advanced": 2}


@dataclass(frozen=True)
class CurriculumTask:
    """One task.

    Attributes:
        paper: Its name in the paper.
        count: How many samples of it the paper has; no more are made.
        after: Tasks that must be learned before.
        build: Makes the lessons, the first ones first; None where they cannot be made.
        how: How it is made here, or why it is not.
    """

    name: str
    level: Level
    paper: str
    count: int
    after: tuple[str, ...]
    build: Build | None
    how: str

    @property
    def place(self) -> tuple[int, str]:
        """Among tasks that may come next."""
        return _LEVELS[self.level], self.name


TASKS: tuple[CurriculumTask, ...] = (
    CurriculumTask(
        "query_category", "foundation", "query category prediction", 34, (), query_category,
        "searches with the category of what was touched within half an hour; phrases of the catalogue where there "
        "are no searches",
    ),
    CurriculumTask(
        "query_item", "foundation", "query-item relevance", 100, ("query_category",), query_item,
        "a search with the item it led to, or with one of another category: yes or no",
    ),
    CurriculumTask(
        "title_key", "foundation", "key info from titles", 200, (), title_key,
        "a title with its modifier and core word, as the catalogue stage finds them by counting",
    ),
    CurriculumTask(
        "key_points", "foundation", "item key points", 100, ("title_key",), key_points,
        "a record with the name that stands in profiles: brand, product, category in one line",
    ),
    CurriculumTask(
        "what_to_buy", "intermediate", "e-commerce what-to-buy", 13_300, ("query_category", "key_points"), what_to_buy,
        "an interest of the pool with the phrases of its category that were touched most",
    ),
    CurriculumTask(
        "concept", "intermediate", "concept explanation", 200, ("title_key",), concept,
        "the first sentence of a description; a shop without descriptions gives none, for what a thing is stands "
        "nowhere else",
    ),
    CurriculumTask(
        "selling_point", "intermediate", "unique selling proposition", 200, ("key_points",), selling_point,
        "words of a title that fewer than a twentieth of its category share",
    ),
    CurriculumTask(
        "query_correction", "intermediate", "query correction", 44, ("query_category",), query_correction,
        "phrases in which two letters are swapped, one is left out or doubled",
    ),
    CurriculumTask(
        "query_rewriting", "intermediate", "query rewriting", 108, ("query_correction",), query_rewriting,
        "searches with the phrase of what was touched; words of phrases in disorder where there are no searches",
    ),
    CurriculumTask(
        "recommendation", "advanced", "recommendation", 300, ("what_to_buy",), recommendation,
        "what a user touched, and what the user touched next",
    ),
    CurriculumTask(
        "keywords", "advanced", "keyword extraction", 300, ("title_key",), keywords,
        "the words of a title that name the product, without colours, sizes, counts and praise",
    ),
    CurriculumTask(
        "sentiment", "advanced", "sentiment", 300, ("keywords",), None,
        "not made: no table holds the words of a review, and a rating without words teaches none",
    ),
    CurriculumTask(
        "classification", "advanced", "text classification", 300, ("query_category", "key_points"), classification,
        "a title and up to four categories, one of them right",
    ),
    CurriculumTask(
        "induction", "advanced", "inductive reasoning", 300, ("classification",), induction,
        "three items in whose titles the same interest of the pool stands",
    ),
    CurriculumTask(
        "deduction", "advanced", "deductive reasoning", 212, ("induction",), deduction,
        "a rule about a category and an item of it or of another: yes or no",
    ),
    CurriculumTask(
        "references", "advanced", "references", 300, ("query_item",), references,
        "five numbered lines, and which of them show an interest; the paper does not say what it means by references",
    ),
)  # fmt: skip


def in_order(tasks: Iterable[CurriculumTask]) -> list[CurriculumTask]:
    """Every task after those that it needs; of those that may come next the lowest level first, then by name.

    Raises:
        graphlib.CycleError: Two tasks need each other.
    """
    by_name = {task.name: task for task in tasks}
    sorter = TopologicalSorter(
        {task.name: [name for name in task.after if name in by_name] for task in by_name.values()}
    )
    sorter.prepare()
    ordered: list[CurriculumTask] = []
    ready = list(sorter.get_ready())
    while ready:
        first = min((by_name[name] for name in ready), key=lambda task: task.place)
        ready.remove(first.name)
        ordered.append(first)
        sorter.done(first.name)
        ready += sorter.get_ready()
    return ordered
