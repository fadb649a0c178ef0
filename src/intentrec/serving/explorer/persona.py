"""A user as a page shows them: what was done, what was written about it, and what was changed by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from intentrec.serving.bundle import About
from intentrec.serving.explorer.explorer import title_of
from intentrec.serving.explorer.knobs import Knobs
from intentrec.serving.explorer.story import Line, Timeline, events_of, profile_head, profile_lines, timeline
from intentrec.serving.ranking import Ranking

if TYPE_CHECKING:
    from intentrec.serving.live import InterestEdit

LATEST = 60
"""Events that a timeline shows at first, beside those that are marked."""
_EDITED = {"reword": "reworded by hand", "add": "added by hand"}


@dataclass(frozen=True)
class Interest:
    """One interest.

    Attributes:
        edit: What was done to it by hand, in words; "" for nothing.
        chosen: Whether what it rests on is marked.
    """

    id: str
    name: str
    stage: str
    reason: str
    evidence: Sequence[int]
    weight: float | None
    model: str
    tags: Sequence[dict[str, Any]]
    edit: str
    chosen: bool


@dataclass(frozen=True)
class Removed:
    """An interest that was taken out by hand."""

    id: str
    name: str


@dataclass(frozen=True)
class Persona:
    """The whole of it.

    Attributes:
        head: What the profile says before its lines.
        said: What is marked, in one sentence; "" for nothing.
    """

    timeline: Timeline
    profile: dict[str, Any] | None
    head: str
    lines: Sequence[Line]
    interests: Sequence[Interest]
    removed: Sequence[Removed]
    said: str


def persona(ranking: Ranking, knobs: Knobs) -> Persona:
    """A user as they stand now."""
    about = ranking.about(knobs.id) or About(knobs.id, None, [], [])
    edits = {edit.interest_id or "": edit for edit in ranking.live.edits(knobs.id)}
    interests = [_interest(about, row, edits.get(row["interest_id"]), knobs.interest) for row in about.interests]
    chosen = next((interest for interest in interests if interest.chosen), None)
    lit = frozenset(chosen.evidence if chosen else ())
    title = partial(title_of, ranking)
    events = events_of(ranking.bundle.history(knobs.id), ranking.live.numbered(knobs.id), title, lit)
    lines = profile_lines(about.profile, lit)
    return Persona(
        timeline=timeline(events, None if knobs.events == "all" else LATEST),
        profile=about.profile,
        head=profile_head(about.profile),
        lines=lines,
        interests=interests,
        removed=_removed(ranking, knobs.id, edits),
        said=_said(chosen, sum(line.lit for line in lines), sum(event.lit for event in events)),
    )


def _interest(about: About, row: dict[str, Any], edit: "InterestEdit | None", chosen: str) -> Interest:
    return Interest(
        id=row["interest_id"],
        name=row["interest"],
        stage=row["stage"],
        reason=row["reason"] or "",
        evidence=row["evidence"] or [],
        weight=row["weight"],
        model=row["model"],
        tags=about.tags_of(row["interest_id"]),
        edit=_EDITED.get(edit.action, "") if edit else "",
        chosen=row["interest_id"] == chosen,
    )


def _removed(ranking: Ranking, user_id: str, edits: dict[str, "InterestEdit"]) -> list[Removed]:
    """Those that the release, or what was refreshed since, still has under their names."""
    gone = {interest_id for interest_id, edit in edits.items() if edit.action == "remove"}
    if not gone:
        return []
    refreshed, stored = ranking.live.refreshed(user_id), ranking.bundle.about(user_id)
    written = (stored.interests if stored else []) if refreshed is None else refreshed.interests
    return [Removed(row["interest_id"], row["interest"]) for row in written if row["interest_id"] in gone]


def _said(chosen: Interest | None, lines: int, events: int) -> str:
    if chosen is None:
        return ""
    return f"Marked: {_n(lines, 'profile line')} and {_n(events, 'event')} that “{chosen.name}” rests on."


def _n(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
