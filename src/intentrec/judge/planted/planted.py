"""Outputs with a fault of known kind, made from good ones: what a judge must catch."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Generic, TypeVar

from intentrec.judge.cases import Case
from intentrec.judge.checks import Standards

C = TypeVar("C", bound=Case)
PLANTED = "planted"


@dataclass(frozen=True)
class Planted:
    """A case that is wrong on purpose.

    Attributes:
        kind: What is wrong, a short fixed word.
        criteria: What it offends against; a judge has caught it when it fails by one of them.
        case: Its `writer` is "planted".
        original: The output it was made from.
    """

    kind: str
    criteria: frozenset[str]
    case: Case
    original: Case


@dataclass(frozen=True)
class Soil(Generic[C]):
    """What plants are made from.

    Attributes:
        case: A good output.
        others: Good outputs of the same task to take foreign words from.
    """

    case: C
    others: Sequence[C]
    standards: Standards

    @property
    def language(self) -> str:
        """Language of what is planted."""
        return self.standards.language

    def pick(self, choices: Sequence[str]) -> str:
        """One of the choices, drawn by the case."""
        return choices[int.from_bytes(sha256(self.case.key.encode()).digest()[:4]) % len(choices)]

    def foreign(self, is_foreign: Callable[[C], bool]) -> C | None:
        """Another output that has nothing to do with this one; None where there is none."""
        start = int.from_bytes(sha256(self.case.key.encode()).digest()[:4]) % max(len(self.others), 1)
        turned = [*self.others[start:], *self.others[:start]]
        return next((other for other in turned if other != self.case and is_foreign(other)), None)


def drawn(plants: Iterable[Planted], n: int) -> list[Planted]:
    """`n` of them, of every kind alike as far as there are enough, by a hash."""
    kinds: dict[str, list[Planted]] = defaultdict(list)
    for plant in plants:
        kinds[plant.kind].append(plant)
    ordered = [sorted(kinds[kind], key=_place) for kind in sorted(kinds)]
    return list(_in_turn(ordered))[:n]


def _place(plant: Planted) -> bytes:
    return sha256(f"{plant.kind}\0{plant.case.key}".encode()).digest()


def _in_turn(lists: Sequence[Sequence[Planted]]) -> Iterator[Planted]:
    for place in range(max(map(len, lists), default=0)):
        yield from (plants[place] for plants in lists if place < len(plants))
