"""The adapters of a workspace, as an operator asks for them."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from intentrec.config import Config
from intentrec.llm import AdapterCard
from intentrec.llm.config import Stage
from intentrec.pipeline.adapters import Chosen, adapters_by_stage
from intentrec.pipeline.align_measure import measured_of
from intentrec.pipeline.align_report import AlignReport
from intentrec.pipeline.align_shelf import STAGES, Shelf
from intentrec.pipeline.shipped import left_out, shipped
from intentrec.workspace import Workspace

Standing = Literal["in use", "accepted", "refused", "not measured", "not used"]


@dataclass(frozen=True)
class AdapterLine:
    """One adapter.

    Attributes:
        standing: Whether its stage uses it; else what the gate said, or, of a shipped one, "not used".
        overruled: Whether `[llm.adapters]` names another, so that this one is not used though it is published.
        refusals: Why it was refused, or, of a shipped one, is not used.
        folder: Relative to the workspace; of a shipped one "package:NAME/sub".
        shipped: Whether it came with a package and was not made here.
    """

    task: Stage
    name: str
    standing: Standing
    method: str
    model: str
    parent: str
    created_at: datetime
    as_of: datetime
    samples: dict[str, int]
    figures: dict[str, float]
    refusals: tuple[str, ...]
    folder: str
    overruled: bool = False
    shipped: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def adapters_of(workspace: Workspace, config: Config) -> list[AdapterLine]:
    """All adapters by stage: the shipped one, then those that were made here, the oldest first.

    Raises:
        ConfigError: A card cannot be read.
        WorkspaceError: A report or the pointer is damaged.
    """
    shelf, chosen = Shelf(workspace), adapters_by_stage(workspace, config)
    return [
        line
        for stage in STAGES
        for line in (*_shipped(stage, config, chosen.get(stage)), *_of_stage(shelf, stage, config, workspace))
    ]


def _shipped(stage: Stage, config: Config, chosen: Chosen | None) -> list[AdapterLine]:
    found = shipped(stage, config.language)
    if found is None:
        return []
    used = chosen is not None and chosen.source == "shipped"
    why = left_out(stage, config) or found.misfit or f"{stage} uses {chosen}"
    return [
        _line(
            found.card,
            standing="in use" if used else "not used",
            figures=measured_of(found.card.figures),
            refusals=() if used else (why,),
            folder=found.where,
            shipped=True,
        )
    ]


def _of_stage(shelf: Shelf, stage: Stage, config: Config, workspace: Workspace) -> list[AdapterLine]:
    current, lines = shelf.current().get(stage), []
    for card in shelf.cards(stage):
        told = shelf.report(stage, card.name)
        report = None if told is None else AlignReport.model_validate(told)
        lines.append(
            _line(
                card,
                standing="in use" if card.name == current else _judged(report),
                overruled=card.name == current and stage in config.llm.adapters,
                figures={} if report is None else report.figures["new"],
                refusals=() if report is None else report.decision.refusals,
                folder=str(shelf.folder(stage, card.name).relative_to(workspace.root)),
            )
        )
    return lines


def _line(
    card: AdapterCard,
    standing: Standing,
    figures: dict[str, float],
    refusals: tuple[str, ...],
    folder: str,
    *,
    overruled: bool = False,
    shipped: bool = False,
) -> AdapterLine:
    """What stands on the card, and what was found beside it."""
    return AdapterLine(
        task=card.task,
        name=card.name,
        method=card.method,
        model=card.base.model_id,
        parent=card.parent,
        created_at=card.created_at,
        as_of=card.data.as_of,
        samples=card.data.counts,
        standing=standing,
        figures=figures,
        refusals=refusals,
        folder=folder,
        overruled=overruled,
        shipped=shipped,
    )


def _judged(report: AlignReport | None) -> Standing:
    if report is None:
        return "not measured"
    return "accepted" if report.decision.accepted else "refused"
