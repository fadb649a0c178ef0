"""What interests, tags and explanations are judged by (RecGPT-V1, sections 2.1 to 2.5; V2, section 2.4).

Definitions and examples stand in `prompts/criteria.<language>.toml`.
"""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple, Self, get_args

from pydantic import BaseModel, ConfigDict, model_validator

from intentrec.errors import ConfigError

Task = Literal["interest", "tag", "explanation"]
TASKS: tuple[Task, ...] = get_args(Task)
PACKAGE = "intentrec.judge"
YES_OR_NO = ("no", "yes")
_QUALITY = ("bad", "good", "excellent")


class _Kind(NamedTuple):
    """How a criterion counts.

    Attributes:
        levels: Verdicts from worst to best.
        passes: Those with which it passes.
        merit: Whether it can only speak for an output; where another fails, the output is bad.
    """

    levels: tuple[str, ...] = YES_OR_NO
    passes: tuple[str, ...] = ("yes",)
    merit: bool = False


_GRADED = _Kind(_QUALITY, ("good", "excellent"))
_MERIT = _GRADED._replace(merit=True)
_KINDS: Mapping[Task, Mapping[str, _Kind]] = {
    "interest": {
        "willingness": _Kind(),
        "reasonableness": _Kind(("none", "weak", "strong"), ("strong",)),
        "hallucination": _Kind(),
    },
    "tag": {"relevance": _Kind(), "consistency": _Kind(), "specificity": _GRADED, "validity": _Kind()},
    "explanation": {
        "relevance": _Kind(),
        "factuality": _GRADED,
        "clarity": _Kind(),
        "safety": _Kind(),
        "timeliness": _MERIT,
        "informativeness": _MERIT,
        "attractiveness": _MERIT,
    },
}


class Example(BaseModel):
    """One judged case: what was shown, the words in it that decide, the verdict."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shown: str
    quote: str
    verdict: str


class Criterion(BaseModel):
    """One question about one thing.

    Attributes:
        task: What kind of thing.
        levels: Verdicts from worst to best.
        passes: Those with which it passes.
        merit: Whether it can only speak for an output; where another fails, the output is bad.
        question: Asked so that yes means it passes.
        meanings: What each level means.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Task
    name: str
    question: str
    levels: tuple[str, ...]
    passes: tuple[str, ...]
    merit: bool
    definition: str
    meanings: Mapping[str, str]
    examples: tuple[Example, ...]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if set(self.meanings) != set(self.levels):
            raise ValueError(f"meanings must be given for {', '.join(self.levels)}")
        for example in self.examples:
            if example.verdict not in self.levels:
                raise ValueError(f"the verdict {example.verdict!r} of an example is none of the levels")
            if example.quote not in example.shown:
                raise ValueError(f"the quote {example.quote!r} of an example does not stand in what is shown")
        return self

    @property
    def worst(self) -> str:
        """The verdict of a fault that a rule finds."""
        return self.levels[0]

    @property
    def plain(self) -> str:
        """The verdict of an output in which nothing is wrong and of which nothing more is known."""
        return self.passes[0]

    @property
    def shines(self) -> bool:
        """Whether an output can do more than pass."""
        return len(self.passes) > 1


@lru_cache
def criteria_of(task: Task, language: str = "en") -> tuple[Criterion, ...]:
    """The criteria of a task, with their texts in a language.

    Raises:
        ConfigError: There are no texts in this language.
    """
    texts = _texts(language)[task]
    return tuple(
        Criterion(task=task, name=name, **kind._asdict(), **texts[name]) for name, kind in _KINDS[task].items()
    )


@lru_cache
def _texts(language: str) -> dict[str, Any]:
    file = files(PACKAGE) / "prompts" / f"criteria.{language}.toml"
    if not file.is_file():
        raise ConfigError(f"There are no criteria in language {language!r}. Set `language` to en or ru.")
    return tomllib.loads(file.read_text("utf-8"))


CRITERIA: Mapping[Task, tuple[Criterion, ...]] = {task: criteria_of(task) for task in TASKS}


def criterion_of(task: str, name: str) -> Criterion | None:
    """A criterion of a task, in English; None where there is no such task or criterion."""
    for known, criteria in CRITERIA.items():
        if known == task:
            return next((criterion for criterion in criteria if criterion.name == name), None)
    return None
