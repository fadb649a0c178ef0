"""What is asked of a ranking, and what it answers."""

from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True)
class Filters:
    """Which items may come; None and empty sets let all through.

    Attributes:
        categories: The only categories; an item without one does not pass.
        not_categories: Categories that do not come.
        brands: The only brands; an item without one does not pass.
        min_price: Inclusive; an item without a price does not pass a bound.
        max_price: Inclusive.
        items: The only items.
        not_items: Items that do not come.
    """

    categories: frozenset[str] | None = None
    not_categories: frozenset[str] = frozenset()
    brands: frozenset[str] | None = None
    min_price: float | None = None
    max_price: float | None = None
    items: frozenset[str] | None = None
    not_items: frozenset[str] = frozenset()

    @property
    def open(self) -> bool:
        """Whether they let everything through."""
        return self == _OPEN


_OPEN = Filters()


@dataclass(frozen=True)
class Ask:
    """How a list shall be.

    Attributes:
        k: Most entries, at least 1.
        filter_viewed: Leave out what the user had an event with.
        filters: Which items may come.
        beta: Weight of the user's vector against the tags, 0 to 1; None for the one that was fitted.
        diversity: How much variety the first places get; None for the setting of the release.
        explain: Whether entries say everything, or only item, title and score.
    """

    k: int = 10
    filter_viewed: bool = True
    filters: Filters = _OPEN
    beta: float | None = None
    diversity: float | None = None
    explain: bool = True


@dataclass(frozen=True)
class Answer:
    """A list as it goes out.

    Attributes:
        entries: The inside of a JSON array: entries joined with commas, best first. An entry has `item_id`, `title`
            and `score`; explained, also `category`, `brand` and `price` where they are known, and `score_user`,
            `score_tag`, `source`, `tag`, `interest`, `interest_id` and `reason`, null where they say nothing.
        n: How many entries.
        source: "stored", "live", "popular", "history", "wishes", "similar" or "channel:NAME": how it was made.
        release: What it was made from.
    """

    entries: bytes
    n: int
    source: str
    release: str

    def to_list(self) -> list[dict[str, Any]]:
        """The entries as dicts."""
        entries: list[dict[str, Any]] = orjson.loads(b"[" + self.entries + b"]")
        return entries
