"""Whether the judge may still be believed: a fact in the workspace, made anew whenever it is held against people."""

from datetime import datetime
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from intentrec.errors import WorkspaceError
from intentrec.judge.config import JudgeConfig
from intentrec.judge.people import Pair, figures_of
from intentrec.workspace import Workspace
from intentrec.workspace.files import write_atomic

FILE = "judge.json"


class Checked(BaseModel):
    """The judge on the latest labels of one criterion.

    Attributes:
        kappa: None where all verdicts were the same.
        stale: Whether a figure is under its threshold.
    """

    model_config = ConfigDict(frozen=True)

    task: str
    criterion: str
    n: int
    accuracy: float
    kappa: float | None
    stale: bool


class JudgeState(BaseModel):
    """How far the judge can be believed.

    Attributes:
        model: Which model it asks; "none" for rules alone.
        checked: By criterion, where there were enough labels; nothing where people have not checked it.
    """

    model_config = ConfigDict(frozen=True)

    model: str | None = None
    at: datetime | None = None
    checked: tuple[Checked, ...] = ()

    @property
    def standing(self) -> Literal["unchecked", "trusted", "stale"]:
        """Unchecked without labels; stale where people disagree with it by any criterion."""
        if not self.checked:
            return "unchecked"
        return "stale" if any(check.stale for check in self.checked) else "trusted"

    def stale_for(self, task: str) -> bool:
        """Whether people disagree with it on a task."""
        return any(check.stale for check in self.checked if check.task == task)

    def sentence(self) -> str:
        """What an operator should know of it."""
        if self.standing == "unchecked":
            return "the judge has not been held against people yet: `intentrec labels next`, then `labels judge`"
        told = ", ".join(_told(check) for check in self.checked if check.stale or self.standing == "trusted")
        if self.standing == "trusted":
            return f"the judge ({self.model}) agrees with people: {told}"
        return (
            f"the judge ({self.model}) is stale, people disagree with it: {told}. Do not gate on it: look at its "
            "verdicts, correct prompts or rules or train it anew (`intentrec labels export --chat`), and run "
            "`intentrec labels judge`"
        )


def _told(check: Checked) -> str:
    kappa = "no kappa" if check.kappa is None else f"kappa {check.kappa:.2f}"
    return f"{check.task} {check.criterion} {kappa}, {check.accuracy:.0%} alike of {check.n}"


def checked_against(pairs: dict[tuple[str, str], list[Pair]], config: JudgeConfig) -> tuple[Checked, ...]:
    """The judge on the latest labels of each criterion that has enough of them.

    Args:
        pairs: The latest first; see `pairs_of`.
    """
    recent = {key: found[: config.recent_labels] for key, found in pairs.items()}
    return tuple(
        _checked(task, criterion, found, config)
        for (task, criterion), found in sorted(recent.items())
        if len(found) >= config.least_labels
    )


def _checked(task: str, criterion: str, pairs: list[Pair], config: JudgeConfig) -> Checked:
    figures = figures_of(np.array([p.person for p in pairs]), np.array([p.judge for p in pairs]))
    accuracy, kappa = figures["accuracy"] or 0.0, figures["kappa"]
    stale = accuracy < config.least_accuracy or (kappa is not None and kappa < config.least_kappa)
    return Checked(task=task, criterion=criterion, n=len(pairs), accuracy=accuracy, kappa=kappa, stale=stale)


def judge_state(workspace: Workspace) -> JudgeState:
    """How far the judge of a workspace can be believed; unchecked where nobody has looked.

    Raises:
        WorkspaceError: The file that says so is damaged.
    """
    file = workspace.root / FILE
    try:
        return JudgeState.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return JudgeState()
    except (OSError, ValidationError) as error:
        raise WorkspaceError(f"{file} cannot be read ({error}). Delete it and run `intentrec labels judge`.") from error


def store_state(workspace: Workspace, state: JudgeState) -> None:
    """Keep what was found."""
    write_atomic(workspace.root / FILE, state.model_dump_json(indent=2).encode())
