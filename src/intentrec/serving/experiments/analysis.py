"""All that is known about one experiment at one time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from intentrec.errors import NotFoundError
from intentrec.serving.config import ServingConfig
from intentrec.serving.experiments.config import OutcomesConfig
from intentrec.serving.experiments.decision import Decision, Guarded, decide
from intentrec.serving.experiments.definition import Experiment, Metric
from intentrec.serving.experiments.looks import Compared, Panel, compare, look_times
from intentrec.serving.experiments.metrics import MEASURES
from intentrec.serving.experiments.outcomes import Exposed, stored_panel
from intentrec.serving.experiments.sizes import Sizes, sizes
from intentrec.workspace import Workspace


@dataclass(frozen=True)
class Analysis:
    """The report of one experiment.

    Attributes:
        at: Up to when it was looked at.
        sizes: Exposed users of the arms.
        results: Every metric of every arm against the control, the primary one first; others where recorded.
        guarded: Every guardrail of every arm.
        notes: What a reader should know about the data.
    """

    name: str
    experiment: Experiment
    at: datetime
    sizes: Sizes
    results: tuple[Compared, ...]
    guarded: tuple[Guarded, ...]
    decision: Decision
    notes: tuple[str, ...]

    @property
    def primary(self) -> list[Compared]:
        """The primary metric of each arm."""
        return [each for each in self.results if each.metric == self.experiment.primary]


def find(config: ServingConfig, name: str) -> Experiment:
    """The definition of an experiment.

    Raises:
        NotFoundError: There is none of this name.
    """
    named = config.experiments.named
    if name not in named:
        known = ", ".join(sorted(named)) or "none is defined in [serving.experiments]"
        raise NotFoundError(f"There is no experiment {name!r}. Known: {known}.")
    return named[name]


def analyse(workspace: Workspace, config: ServingConfig, name: str, now: datetime) -> Analysis:
    """Look at an experiment as the stored tables have it.

    Raises:
        NotFoundError: There is none of this name.
    """
    experiment = find(config, name)
    who, frame = stored_panel(workspace, name, experiment, config.outcomes, now)
    return analysed(name, experiment, who, frame, config.outcomes, now)


def analysed(
    name: str, experiment: Experiment, who: Exposed, frame: pl.DataFrame, outcomes: OutcomesConfig, now: datetime
) -> Analysis:
    """Look at a panel of users, at every midnight and at `now`, or at the end of what counts."""
    late = timedelta(hours=outcomes.late_hours)
    over = experiment.end is not None and now >= experiment.end + late
    until = experiment.end + late if over and experiment.end else now
    first = frame["since"].min()
    times = look_times(first if isinstance(first, datetime) else None, until)
    found = Panel(frame, experiment, late)
    counted = sizes(frame, experiment, times)
    silent = [metric for metric in MEASURES if not found.recorded(metric)]
    shown = [metric for metric in _metrics(experiment) if metric in experiment.needed or metric not in silent]
    results = [compare(found, metric, arm, times) for metric in shown for arm in experiment.treatments]
    guarded = [
        Guarded(guardrail, each)
        for guardrail in experiment.guardrails
        for each in results
        if each.metric == guardrail.metric
    ]
    primary = [each for each in results if each.metric == experiment.primary]
    decision = decide(experiment, counted, primary, guarded, over=over)
    notes = _notes(who, silent)
    return Analysis(name, experiment, until, counted, tuple(results), tuple(guarded), decision, notes)


def _metrics(experiment: Experiment) -> list[Metric]:
    return list(dict.fromkeys([experiment.primary, *MEASURES]))


def _notes(who: Exposed, silent: Sequence[Metric]) -> tuple[str, ...]:
    notes = []
    if who.crossed:
        notes.append(f"{who.crossed:,} users saw a second arm; each counts for the first one.")
    if who.strange:
        notes.append(f"{who.strange:,} users saw only arms that are no longer defined, and are left out.")
    if silent:
        notes.append(f"Nothing is recorded for {', '.join(silent)}: see [serving.outcomes].")
    return tuple(notes)
