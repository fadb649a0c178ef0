"""What the ways of writing share: the pair that is explained, the answer of a model, and the desk they work at."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from intentrec.explanations.config import ExplanationsConfig
from intentrec.llm.messages import Completion
from intentrec.llm.model import LanguageModel
from intentrec.progress import Progress
from intentrec.stages import Refusals

STAGE = "explanations"
PACKAGE = "intentrec.explanations"

Form = Literal["tuned", "writing", "choosing"]
Written = tuple[str, str, str]  # text, model, prompt version


class Sentence(BaseModel):
    """What a model answers."""

    text: str


@dataclass(frozen=True)
class Pair:
    """An interest and an item that share a category."""

    interest: str
    item_id: str
    name: str
    phrase: str
    category: str

    @property
    def facts(self) -> tuple[str, str, str]:
        """All that is known about the item."""
        return self.name, self.phrase, self.category


@dataclass(frozen=True)
class Desk:
    """All that writing needs apart from the pairs.

    Attributes:
        month: As near as prompts come to the date.
        brands: Names that only an item which has them may be given.
        refusals: Where what does not pass is kept.
    """

    model: LanguageModel
    config: ExplanationsConfig
    language: str
    month: str
    brands: Collection[str]
    refusals: Refusals
    progress: Progress

    def refuse(self, pair: Pair, word: str, completion: Completion[Sentence]) -> None:
        """Keep what the model said about the pair as refused."""
        said = completion.value.text.strip() if completion.value else completion.error or ""
        self.refusals.refuse(pair.item_id, word, said, completion.model, completion.request.prompt_version)

    def fail(self, pair: Pair, completion: Completion[Sentence]) -> None:
        """Keep why there is no answer; that a dry run asked nothing is no failure."""
        word = (completion.error or "refused").partition(":")[0]
        if word != "dry-run":
            self.refuse(pair, word, completion)
