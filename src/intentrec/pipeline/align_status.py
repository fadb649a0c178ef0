"""The adapters of a workspace, as an operator asks for them."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from intentrec.config import Config
from intentrec.llm.config import Stage
from intentrec.pipeline.align_report import AlignReport
from intentrec.pipeline.align_shelf import STAGES, Shelf
from intentrec.workspace import Workspace

Standing = Literal["in use", "accepted", "refused", "not measured"]


@dataclass(frozen=True)
class AdapterLine:
    """One adapter.

    Attributes:
        standing: Whether its stage uses it; else what the gate said.
        overruled: Whether `[llm.adapters]` names another, so that this one is not used though it is published.
        refusals: Why it was refused.
    """

    task: Stage
    name: str
    standing: Standing
    overruled: bool
    method: str
    model: str
    parent: str
    created_at: datetime
    as_of: datetime
    samples: dict[str, int]
    figures: dict[str, float]
    refusals: tuple[str, ...]
    folder: str

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def adapters_of(workspace: Workspace, config: Config) -> list[AdapterLine]:
    """All adapters by stage, the oldest first.

    Raises:
        ConfigError: A card cannot be read.
        WorkspaceError: A report or the pointer is damaged.
    """
    shelf = Shelf(workspace)
    return [line for stage in STAGES for line in _of_stage(shelf, stage, config, workspace)]


def _of_stage(shelf: Shelf, stage: Stage, config: Config, workspace: Workspace) -> list[AdapterLine]:
    current, lines = shelf.current().get(stage), []
    for card in shelf.cards(stage):
        told = shelf.report(stage, card.name)
        report = None if told is None else AlignReport.model_validate(told)
        lines.append(
            AdapterLine(
                task=stage,
                name=card.name,
                standing="in use" if card.name == current else _judged(report),
                overruled=card.name == current and stage in config.llm.adapters,
                method=card.method,
                model=card.base.model_id,
                parent=card.parent,
                created_at=card.created_at,
                as_of=card.data.as_of,
                samples=card.data.counts,
                figures={} if report is None else report.figures["new"],
                refusals=() if report is None else report.decision.refusals,
                folder=str(shelf.folder(stage, card.name).relative_to(workspace.root)),
            )
        )
    return lines


def _judged(report: AlignReport | None) -> Standing:
    if report is None:
        return "not measured"
    return "accepted" if report.decision.accepted else "refused"
