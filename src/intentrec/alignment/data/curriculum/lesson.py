"""One lesson: what its prompt shows, and the right answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from intentrec.alignment.data.curriculum.shop import Shop


@dataclass(frozen=True)
class Lesson:
    """A question of the curriculum with its answer.

    Attributes:
        values: What is put into the task's prompt.
        answer: Plain text.
        user_id: Whose behaviour it was made from, where it is one user's.
    """

    values: dict[str, object]
    answer: str
    user_id: str | None = None
    item_id: str | None = None


Build = Callable[[Shop], Iterator[Lesson]]
YES, NO = "yes", "no"
"""Answers that are put into the language of the lesson."""
