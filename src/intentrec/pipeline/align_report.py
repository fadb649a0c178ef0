"""What `intentrec align` tells: kept beside each adapter, accepted or not."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from intentrec.alignment.gate import Decision, Figures
from intentrec.judge.guard import Caught
from intentrec.llm.config import Stage


class Step(BaseModel):
    """One training of a run.

    Attributes:
        trained: Whether it was done now; False where an equal one was found.
    """

    model_config = ConfigDict(frozen=True)

    method: str
    name: str
    trained: bool
    samples: dict[str, int]
    figures: dict[str, float]


class AlignReport(BaseModel):
    """How an adapter came about, how good it is, and what became of it.

    Attributes:
        name: Of the adapter.
        model: The model beneath.
        judge: Which model judged; "none" for rules alone.
        judged: What passed the judge into the training data and what did not, by source.
        questions: How many were trained on and held out.
        against: What the adapter was held against.
        figures: Mean of each figure over held-out users: of the new adapter, of what it was held against, and of rules.
        published: Whether the stage uses it from now on.
    """

    model_config = ConfigDict(frozen=True)

    task: Stage
    name: str
    folder: str
    method: str
    model: str
    prompt_version: str
    as_of: datetime
    at: datetime
    judge: str
    caught: tuple[Caught, ...]
    questions: dict[str, int]
    judged: dict[str, int]
    steps: tuple[Step, ...]
    against: str
    figures: dict[str, dict[str, float]]
    decision: Decision
    published: bool
    notes: tuple[str, ...] = Field(default=())

    @property
    def trained(self) -> bool:
        """Whether anything was trained in this run."""
        return any(step.trained for step in self.steps)


def means(figures: Figures) -> dict[str, float]:
    """The mean of each figure over users; figures of nobody are left out."""
    return {name: _mean(own) for name, own in figures.items() if own}


def _mean(own: Mapping[str, float]) -> float:
    return sum(own.values()) / len(own)
