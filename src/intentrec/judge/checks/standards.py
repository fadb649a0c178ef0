"""What all checks share: what they find, the settings they find it by, and the nearness of meanings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from intentrec.explanations.config import ExplanationsConfig
from intentrec.interests.config import InterestsConfig
from intentrec.judge.config import JudgeConfig
from intentrec.tags.config import TagsConfig
from intentrec.text.embeddings import Embedder
from intentrec.text.wording import Script


class Finding(NamedTuple):
    """A fault that a rule found.

    Attributes:
        criterion: What it offends against.
        word: The rule, a short fixed word.
        quote: The words that offend.
    """

    criterion: str
    word: str
    quote: str


class Meanings:
    """How near texts are in meaning; every text is embedded once."""

    def __init__(self, texts: Iterable[str], embedder: Embedder) -> None:
        distinct = sorted(set(texts))
        self._places = {text: place for place, text in enumerate(distinct)}
        self._vectors = embedder.embed(distinct) if distinct else np.zeros((0, embedder.width), dtype=np.float32)

    def near(self, text: str, others: Sequence[str]) -> NDArray[np.float32]:
        """Cosines of a text with others, (n,); all of them must be among those given."""
        places = [self._places[other] for other in others]
        cosines: NDArray[np.float32] = np.round(self._vectors[places] @ self._vectors[self._places[text]], 4)
        return cosines

    def nearest(self, text: str, others: Sequence[str]) -> float:
        """The largest of `near`; -1 where there are no others."""
        return float(max(self.near(text, others), default=-1.0)) if others else -1.0

    def mean(self, text: str, others: Sequence[str]) -> float:
        """The mean of `near`; there must be others."""
        return float(np.round(self.near(text, others).mean(dtype=np.float64), 4))

    def same(self, text: str, others: Sequence[str], similarity: float) -> str:
        """The first of the others that means the same, from this cosine on; "" if none does."""
        near = self.near(text, others)
        return next((other for other, cosine in zip(others, near, strict=True) if cosine >= similarity), "")


@dataclass(frozen=True)
class Standards:
    """The settings that checks judge by: the judge's own and those of the stages' gates.

    Attributes:
        brands: Brands of the catalogue.
        scripts: Scripts of the catalogue's phrases.
    """

    judge: JudgeConfig
    interests: InterestsConfig
    tags: TagsConfig
    explanations: ExplanationsConfig
    language: str
    brands: frozenset[str]
    scripts: frozenset[Script]

    @cached_property
    def all_brands(self) -> tuple[str, ...]:
        """Brands of the catalogue and those that are known without it."""
        return (*sorted(self.brands), *self.judge.known_brands)
