"""Two lists beside each other: whose, of which release, by which system."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from intentrec.errors import NotFoundError
from intentrec.serving.explorer.bars import Bar, bars
from intentrec.serving.explorer.changes import changes
from intentrec.serving.explorer.explorer import must_know
from intentrec.serving.explorer.overlap import Overlap, overlap
from intentrec.serving.ranking import Ask, Ranking

SERVED = "served"
"""The system that is served: user and tags, fused."""


class Side(BaseModel):
    """One of two lists.

    Attributes:
        release: "" for the one that is served now.
        system: `SERVED` or a channel.
    """

    model_config = ConfigDict(frozen=True)

    user: str = Field("", max_length=500)
    release: str = Field("", max_length=100)
    system: str = Field(SERVED, max_length=100)


class Sides(BaseModel):
    """What an address asks for; the right side is what the left is, where it says nothing else."""

    model_config = ConfigDict(frozen=True)

    left_user: str = Field("", max_length=500)
    left_release: str = Field("", max_length=100)
    left_system: str = Field(SERVED, max_length=100)
    right_user: str = Field("", max_length=500)
    right_release: str = Field("", max_length=100)
    right_system: str = Field("", max_length=100)
    k: int = Field(20, ge=1, le=1000)

    @property
    def left(self) -> Side:
        """The left list."""
        return Side(user=self.left_user, release=self.left_release, system=self.left_system or SERVED)

    @property
    def right(self) -> Side:
        """The right list."""
        user, release = self.right_user or self.left_user, self.right_release or self.left_release
        return Side(user=user, release=release, system=self.right_system or self.left_system or SERVED)


@dataclass(frozen=True)
class Placed:
    """One item of one list.

    Attributes:
        beside: Where the other list has it, in words and as a sign: "up 2" where it stands two places higher here.
    """

    rank: int
    entry: Mapping[str, Any]
    bar: Bar
    kind: str
    sign: str
    beside: str


@dataclass(frozen=True)
class Compared:
    """Both lists."""

    left: Sequence[Placed]
    right: Sequence[Placed]
    overlap: Overlap


def compared(sides: Sides, ranking: Callable[[str], Ranking], most: int) -> Compared:
    """Both lists with what they share.

    Args:
        sides: Whose.
        ranking: The ranking of a release.
        most: Longest list that may be asked for.

    Raises:
        NotFoundError: There is no such user, release or system.
    """
    ask = Ask(k=min(sides.k, most))
    left, right = (_entries(side, ranking(side.release), ask) for side in (sides.left, sides.right))
    ids = [[entry["item_id"] for entry in entries] for entries in (left, right)]
    return Compared(_placed(left, ids[1]), _placed(right, ids[0]), overlap(ids[0], ids[1]))


def _entries(side: Side, ranking: Ranking, ask: Ask) -> list[dict[str, Any]]:
    must_know(ranking, side.user)
    if side.system == SERVED:
        return ranking.for_user(side.user, ask).to_list()
    if side.system not in ranking.channels:
        known = ", ".join([SERVED, *ranking.channels])
        raise NotFoundError(f"Release {ranking.bundle.meta.release} has no system {side.system!r}: {known}.")
    return ranking.channel(side.system, side.user, ask).to_list()


def _placed(entries: Sequence[Mapping[str, Any]], other: Sequence[str]) -> list[Placed]:
    moves = changes(other, [entry["item_id"] for entry in entries]).moves
    found = []
    for rank, (entry, bar) in enumerate(zip(entries, bars(entries), strict=True), 1):
        move = moves[entry["item_id"]]
        words = {"new": "only here", "same": "the same place", "up": f"{move.by} higher", "down": f"{move.by} lower"}
        found.append(Placed(rank, entry, bar, move.kind, move.sign or "=", words[move.kind]))
    return found
