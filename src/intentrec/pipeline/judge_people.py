"""The judge and what people labelled: how far it agrees with them, and training data for it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import polars as pl

from intentrec.config import Config
from intentrec.errors import DataError
from intentrec.judge.buffer import Labelled, balanced, chat_lines
from intentrec.judge.criteria import criteria_of
from intentrec.judge.people import Standing, pairs_of, standing_of, truths
from intentrec.judge.questions import Question
from intentrec.judge.state import JudgeState, checked_against, judge_state, store_state
from intentrec.pipeline.judge_inputs import all_labelled_cases
from intentrec.workspace import Workspace


@dataclass(frozen=True)
class AgainstPeople:
    """How the judge stands, by task and criterion.

    Attributes:
        model: Which model the judge asked when it judged; "none" for rules alone.
    """

    model: str
    standings: list[Standing]
    state: JudgeState

    def as_dict(self) -> dict[str, Any]:
        """The figures as JSON values."""
        state = self.state.model_dump(mode="json") | {"standing": self.state.standing}
        return {"model": self.model, "standings": [asdict(one) for one in self.standings], "state": state}


def hold_against_people(
    workspace: Workspace, config: Config, labels: pl.DataFrame, *, now: Callable[[], datetime]
) -> AgainstPeople:
    """Compare the stored verdicts of the judge that judged last with labels, and keep whether it is stale.

    Raises:
        DataError: There are no labels, or none of what the judge has judged.
    """
    if labels.is_empty():
        raise DataError("There are no labels. Give some: `intentrec labels next`, or the labels page of the explorer.")
    model = judge_state(workspace).model or "none"
    pairs = pairs_of(labels, workspace.read("verdicts"), model)
    if not pairs:
        raise DataError(
            f"The judge ({model}) has judged nothing of the {labels.height:,} labels. Run `intentrec judge`: it judges "
            "what people labelled in the current release, too."
        )
    confidence = config.judge.confidence
    standings = [standing_of(*key, found, confidence) for key, found in sorted(pairs.items())]
    state = JudgeState(model=model, at=now(), checked=checked_against(pairs, config.judge))
    with workspace.writing():
        store_state(workspace, state)
    return AgainstPeople(model, standings, state)


@dataclass(frozen=True)
class ChatData:
    """Training data for a judge.

    Attributes:
        lines: JSON objects with `messages`.
        kept: Examples by task and criterion.
        labelled: Examples there would be without balancing.
        lost: Labelled outputs that stand in no release any more.
    """

    lines: list[str]
    kept: dict[str, int]
    labelled: dict[str, int]
    lost: int


def chat_data(workspace: Workspace, config: Config, labels: pl.DataFrame, *, small: bool) -> ChatData:
    """What people labelled as chats, as many that pass as that do not, by criterion.

    Args:
        small: Whether the judge to be trained is asked for yes or no.

    Raises:
        DataError: Nothing is left to train on.
    """
    known = all_labelled_cases(workspace, labels, config)
    decided = truths(labels)
    examples = [
        Labelled(Question(known[row["case_id"]], criterion), row["verdict"], row["at"])
        for row in decided.iter_rows(named=True)
        if row["case_id"] in known
        for criterion in criteria_of(row["task"], config.language)
        if criterion.name == row["criterion"]
    ]
    kept = balanced(examples, config.judge)
    if not kept:
        raise DataError(
            f"{len(examples):,} labelled examples leave nothing to train on: a criterion needs some that pass and some "
            "that do not."
        )
    return ChatData(
        lines=chat_lines(kept, config.language, config.judge.shown_lines, small=small),
        kept=_counted(kept),
        labelled=_counted(examples),
        lost=decided["case_id"].n_unique() - len(known),
    )


def _counted(examples: list[Labelled]) -> dict[str, int]:
    found = Counter(f"{one.question.case.task} {one.question.criterion.name}" for one in examples)
    return dict(sorted(found.items()))
