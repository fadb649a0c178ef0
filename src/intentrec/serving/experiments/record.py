"""Reports as the API and `--json` give them."""

from datetime import UTC, datetime
from math import isfinite
from typing import Any

from pydantic import BaseModel

from intentrec.serving.experiments.analysis import Analysis
from intentrec.serving.experiments.decision import Guarded, State, Verdict
from intentrec.serving.experiments.definition import Direction, Experiment, Metric
from intentrec.serving.experiments.looks import Compared, Look
from intentrec.serving.experiments.metrics import MEASURES
from intentrec.serving.experiments.phase import Phase, phase


class ExperimentRecord(BaseModel):
    """One experiment, shortly."""

    name: str
    phase: Phase
    arms: dict[str, float]
    traffic: float
    primary: Metric
    aa: bool
    start: datetime | None
    end: datetime | None


class LookRecord(BaseModel):
    """One look: levels of both arms, the difference with its interval, and the always-valid p so far."""

    at: datetime
    n_control: int
    n_treatment: int
    control: float | None
    treatment: float | None
    difference: float | None
    error: float
    low: float | None
    high: float | None
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    worst: float | None
    best: float | None
    p: float
    judged: bool


class MetricRecord(BaseModel):
    """One metric of one arm against the control, look by look."""

    metric: Metric
    meaning: str
    arm: str
    looks: list[LookRecord]


class GuardrailRecord(BaseModel):
    """One guardrail of one arm."""

    metric: Metric
    arm: str
    direction: Direction
    margin: float
    state: State


class SizesRecord(BaseModel):
    """Exposed users at each look, and whether they fit the shares."""

    times: list[datetime]
    counts: dict[str, list[int]]
    shares: dict[str, float]
    p: list[float]
    chi_square_p: float
    mismatch: bool


class AnalysisRecord(BaseModel):
    """The report of one experiment."""

    name: str
    at: datetime
    definition: dict[str, Any]
    verdict: Verdict
    reasons: list[str]
    notes: list[str]
    sizes: SizesRecord
    metrics: list[MetricRecord]
    guardrails: list[GuardrailRecord]


def short(name: str, experiment: Experiment, now: datetime) -> ExperimentRecord:
    """One row of the list."""
    return ExperimentRecord(
        name=name, phase=phase(experiment, now), arms={arm: each.share for arm, each in experiment.arms.items()},
        traffic=experiment.traffic, primary=experiment.primary, aa=experiment.aa,
        start=experiment.start, end=experiment.end,
    )  # fmt: skip


def record(found: Analysis) -> AnalysisRecord:
    """The whole report; numbers that are not finite are null."""
    counted = found.sizes
    return AnalysisRecord(
        name=found.name,
        at=found.at.astimezone(UTC),
        definition=found.experiment.model_dump(mode="json"),
        verdict=found.decision.verdict,
        reasons=list(found.decision.reasons),
        notes=list(found.notes),
        sizes=SizesRecord(
            times=list(counted.times), counts={arm: list(each) for arm, each in counted.counts.items()},
            shares=counted.shares, p=list(counted.p), chi_square_p=counted.chi_square, mismatch=counted.alarm,
        ),
        metrics=[_metric(each) for each in found.results],
        guardrails=[_guardrail(each) for each in found.guarded],
    )  # fmt: skip


def _metric(found: Compared) -> MetricRecord:
    looks = [_look(look) for look in found.looks]
    return MetricRecord(metric=found.metric, meaning=MEASURES[found.metric].meaning, arm=found.arm, looks=looks)


def _look(look: Look) -> LookRecord:
    values: dict[str, Any] = vars(look)
    return LookRecord(**{k: None if isinstance(v, float) and not isfinite(v) else v for k, v in values.items()})


def _guardrail(found: Guarded) -> GuardrailRecord:
    rail = found.guardrail
    return GuardrailRecord(
        metric=rail.metric, arm=found.compared.arm, direction=rail.direction, margin=rail.margin, state=found.state
    )
