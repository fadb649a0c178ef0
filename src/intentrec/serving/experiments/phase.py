"""Whether an experiment assigns users."""

from datetime import datetime
from typing import Literal

from intentrec.serving.experiments.definition import Experiment

Phase = Literal["planned", "running", "over"]


def phase(experiment: Experiment, now: datetime) -> Phase:
    """Whether users are being assigned."""
    if experiment.start is not None and now < experiment.start:
        return "planned"
    return "over" if experiment.end is not None and now >= experiment.end else "running"
