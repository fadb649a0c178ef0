"""The whole chain behind one recommendation, back to the raw events."""

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from intentrec.errors import NotFoundError
from intentrec.pipeline.recommender import Recommender
from intentrec.workspace import Workspace

_SHOWN = 10
_MEMORY = {
    "itself": "the user has had it before",
    "together": "users who had what this user had, had it, too",
    "after": "it came soon after what this user had",
}


@dataclass(frozen=True)
class Chain:
    """Score -> tag -> interest -> reason -> profile lines -> events.

    Attributes:
        rank: Place in the user's list of `list_length`, the shortest of those looked at that holds the item.
        interest: Row of `INTERESTS`; None where no interest took part.
        tags: Tags of that interest.
        lines: Profile lines that the interest rests on.
        events: Rows of `EVENTS` behind them, with titles; without an interest, the user's latest.
        remembered: What pairs of items have in `score_user`, by the way in which they led here.
    """

    release: str
    user_id: str
    item_id: str
    title: str
    rank: int
    list_length: int
    score: float
    score_user: float | None
    score_tag: float | None
    source: str
    tag: str | None
    reason: str
    interest: dict[str, Any] | None
    tags: list[str]
    lines: list[str]
    events: list[dict[str, Any]]
    remembered: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """The chain as JSON values."""
        return asdict(self)

    def score_rows(self) -> list[tuple[str, str, str]]:
        """Parts of the score with their meaning."""
        rows = [("rank", str(self.rank), f"of {self.list_length} in release {self.release}")]
        rows.append(("score", f"{self.score:.4f}", f"channel: {self.source}"))
        if self.score_user is not None:
            rows.append(("from the user", f"{self.score_user:.4f}", self._of_user()))
        for part, share in sorted(self.remembered.items(), key=lambda named: -named[1]):
            rows.append(("  of it remembered", f"{share:.4f}", _MEMORY[part]))
        if self.score_tag is not None:
            rows.append(("from the tags", f"{self.score_tag:.4f}", "what is wanted: (1 - beta) * h_tag . h_item"))
        if self.score_user is not None and abs(self.for_variety) >= 0.00005:
            rows.append(("for variety", f"{self.for_variety:.4f}", "lowered beneath others of its category"))
        return rows

    @property
    def for_variety(self) -> float:
        """What the score lost so that the first places differ: the parts and this add up to the score."""
        return 0.0 if self.score_user is None else self.score - self.score_user - (self.score_tag or 0.0)

    def _of_user(self) -> str:
        if not self.remembered:
            return "what was done before: beta * h_user . h_item"
        return "what was done before: beta * (h_user . h_item + what is remembered)"

    def interest_rows(self) -> list[tuple[str, str]]:
        """The interest and its tags as text."""
        found = self.interest or {}
        return [
            ("interest", f"{found['interest']} ({found['stage']}, written by {found['model']})"),
            ("because", found["reason"]),
            ("tag nearest to the item", self.tag or ""),
            ("tags of the interest", ", ".join(self.tags)),
        ]


def explain_pair(workspace: Workspace, user: str, item: str, release: str | None = None) -> Chain:
    """Why an item stands where it stands in a user's list.

    Raises:
        NotFoundError: The user or the item is not in the release, or the user has had the item.
    """
    recommender = Recommender(workspace, release)
    recommender.must_know(user)
    titles = dict(recommender.titles.iter_rows())
    if item not in set(recommender.catalogue["item_id"]):
        raise NotFoundError(f"There is no item {item!r} in release {recommender.release.release}.")
    row, length = _row(recommender, user, item)
    interest = _interest(recommender, user, row["interest_id"])
    lines, evidence = _evidence(recommender, user, interest)
    return Chain(
        release=recommender.release.release,
        user_id=user,
        item_id=item,
        title=titles[item],
        list_length=length,
        interest=interest,
        tags=_tags(recommender, user, row["interest_id"]),
        lines=lines,
        remembered=recommender.ranker.remembered_of(user, item),
        events=[event | {"title": titles.get(event["item_id"], "")} for event in evidence],
        **{name: row[name] for name in ("rank", "score", "score_user", "score_tag", "source", "tag", "reason")},
    )


def _row(recommender: Recommender, user: str, item: str) -> tuple[dict[str, Any], int]:
    """The item's row in the shortest list that holds it, and the length of that list.

    Quotas fill lists of different lengths differently, so the list that was shown is looked at before longer ones.
    Items the user has had stand in the list that keeps them.
    """
    n_items = len(recommender.ranker.index)
    for filter_viewed in (True, False):
        for length in (_SHOWN, recommender.config.run.stored_k, n_items):
            rows = recommender.recommend([user], length, filter_viewed=filter_viewed)
            found = rows.filter(pl.col("item_id") == item)
            if not found.is_empty():
                return found.row(0, named=True), length
    raise NotFoundError(f"Item {item!r} cannot be scored for user {user!r}: no vector of it is in the release.")


def _interest(recommender: Recommender, user: str, interest_id: str | None) -> dict[str, Any] | None:
    rows = _of_interest(recommender.interests, user, interest_id)
    return None if rows.is_empty() else rows.row(0, named=True)


def _tags(recommender: Recommender, user: str, interest_id: str | None) -> list[str]:
    return _of_interest(recommender.tags, user, interest_id).sort("rank")["tag"].to_list()


def _of_interest(frame: pl.DataFrame, user: str, interest_id: str | None) -> pl.DataFrame:
    if interest_id is None:
        return frame.clear()
    return frame.filter(pl.col("user_id") == user, pl.col("interest_id") == interest_id)


def _evidence(
    recommender: Recommender, user: str, interest: dict[str, Any] | None
) -> tuple[list[str], list[dict[str, Any]]]:
    mine = recommender.events.filter(pl.col("user_id") == user).sort("timestamp", "row")
    columns = ["row", "timestamp", "event", "item_id"]
    if interest is None:
        return [], mine.select(columns).tail(10).to_dicts()
    rows = set(interest["evidence"])
    profile = recommender.read("profiles").filter(pl.col("user_id") == user)
    stored = profile["lines"].to_list()[0] if not profile.is_empty() else []
    lines = [line["text"] for line in stored if rows & set(line["rows"])]
    return lines, mine.filter(pl.col("row").is_in(sorted(rows))).select(columns).to_dicts()
