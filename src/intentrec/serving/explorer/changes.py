"""What one list has that another had not, and where things went: marks for pages, in words and signs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["new", "up", "down", "same"]
_SIGNS: dict[Kind, str] = {"new": "+", "up": "▲", "down": "▼", "same": ""}


@dataclass(frozen=True)
class Move:
    """Where an item went.

    Attributes:
        by: Places, 0 or more.
    """

    kind: Kind
    by: int = 0

    @property
    def sign(self) -> str:
        """For the eye."""
        return f"{_SIGNS[self.kind]}{self.by or ''}"

    @property
    def words(self) -> str:
        """For the ear; "" where nothing moved."""
        return {"new": "new", "same": ""}.get(self.kind, f"{self.kind} {self.by}")


@dataclass(frozen=True)
class Changes:
    """From one list to another.

    Attributes:
        moves: Of every item of the later list.
        gone: Items of the earlier list only, in its order.
    """

    moves: Mapping[str, Move]
    gone: Sequence[str]

    @property
    def words(self) -> str:
        """All of it in one sentence."""
        counted = [(sum(move.kind == kind for move in self.moves.values()), kind) for kind in ("new", "up", "down")]
        told = [f"{n} {'' if kind == 'new' else 'moved '}{kind}" for n, kind in counted if n]
        if self.gone:
            told.append(f"{len(self.gone)} gone")
        return f"{', '.join(told)}." if told else "Nothing changed."


def changes(before: Sequence[str], after: Sequence[str]) -> Changes:
    """How a list of distinct items became another."""
    was = {item: place for place, item in enumerate(before)}
    return Changes(
        {item: _move(was.get(item), place) for place, item in enumerate(after)},
        [item for item in before if item not in set(after)],
    )


def _move(was: int | None, now: int) -> Move:
    if was is None:
        return Move("new")
    if was == now:
        return Move("same")
    return Move("up" if now < was else "down", abs(was - now))
