"""What the judge of the workspace says of answers: grades for training data, shares that pass for the gate."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from intentrec.config import Config
from intentrec.errors import LLMAnswerError
from intentrec.judge.cases import Case
from intentrec.judge.guard import Caught
from intentrec.judge.judging import Judge
from intentrec.judge.outcome import Grade
from intentrec.judge.state import judge_state
from intentrec.llm.config import Stage
from intentrec.pipeline.asking import TASK_OF, Asked, Asking
from intentrec.pipeline.judging import guarded, open_judge
from intentrec.progress import Progress
from intentrec.workspace import Workspace

Answered = tuple[Asked, str]
_WORST_FIRST: tuple[Grade, ...] = ("bad", "average", "superior")


@dataclass(frozen=True)
class Examiner:
    """Judges answers as the rows that the stage would store of them.

    Attributes:
        judge: Of the workspace.
        asking: Where the questions come from.
    """

    judge: Judge
    asking: Asking

    def grade(self, answered: Sequence[Answered]) -> list[str | None]:
        """The grade of each answer, the worst of its rows; None where it cannot be read or says nothing."""
        return [min(found, key=_WORST_FIRST.index) if found else None for found in self.grades(answered)]

    def grades(self, answered: Sequence[Answered]) -> list[list[Grade]]:
        """The grade of each row of each answer; none of one that cannot be read.

        Raises:
            LLMUnavailable: The judge's model cannot be reached; verdicts that came before are in the ledger.
            BudgetExceeded: Its cap is reached; likewise.
        """
        cases = self.cases(answered)
        outcomes = iter(self.judge.judge([case for own in cases for case in own]))
        return [[next(outcomes).grade for _ in own] for own in cases]

    def guard(self, answered: Sequence[Answered]) -> list[Caught]:
        """What a model that judges catches of faults planted in answers; nothing where rules judge alone.

        Raises:
            LLMAnswerError: It lets too many pass, or refuses the answers without the fault as well.
        """
        return guarded([case for own in self.cases(answered) for case in own], self.judge)

    def cases(self, answered: Sequence[Answered]) -> list[list[Case]]:
        """What is judged of each answer; nothing of one that cannot be read."""
        values = [value_of(asked, text) for asked, text in answered]
        readable = [
            (asked, value, "none", asked.request.prompt_version)
            for (asked, _), value in zip(answered, values, strict=True)
            if value is not None
        ]
        found = iter(self.asking.cases(readable))
        return [[] if value is None else next(found) for value in values]


@contextmanager
def open_examiner(workspace: Workspace, config: Config, asking: Asking, progress: Progress) -> Iterator[Examiner]:
    """The judge of the workspace for answers to these questions; its model is closed at the end."""
    # Adapters are for writing: one that fits no more must not keep a new one from being trained.
    config = config.model_copy(update={"llm": config.llm.model_copy(update={"adapters": {}})})
    with open_judge(workspace, config, asking.judge_tables("explanations", []), progress) as judge:
        yield Examiner(judge, asking)


def must_be_trusted(workspace: Workspace, stage: Stage) -> None:
    """Stop where people disagree with the judge on this task: nothing may be gated on it.

    Raises:
        LLMAnswerError: It is stale.
    """
    state = judge_state(workspace)
    if state.stale_for(TASK_OF[stage]):
        raise LLMAnswerError(f"No model can be aligned for {stage} now: {state.sentence()}.")


def value_of(asked: Asked, text: str) -> BaseModel | None:
    """An answer as the question's type; None of one that cannot be read."""
    try:
        return asked.answer_type.model_validate_json(text)
    except ValidationError:
        return None
