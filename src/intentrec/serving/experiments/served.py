"""What the request path asks of the experiments: some microseconds, and no file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from intentrec.serving.experiments.assignment import Assignment
from intentrec.serving.experiments.definition import Experiment
from intentrec.serving.experiments.exposures import ExposureLog

if TYPE_CHECKING:
    from intentrec.serving.ranking import Ask


class Placed(NamedTuple):
    """A user's place in one experiment."""

    experiment: str
    arm: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What the experiments say about one user.

    Attributes:
        placed: Where the user takes part; empty for a user of no experiment.
        release: The release to serve in place of the current one.
        channel: The channel to serve in place of the blended list.
        overrides: Fields of `Ask` that an arm sets.
    """

    placed: tuple[Placed, ...] = ()
    release: str | None = None
    channel: str | None = None
    overrides: tuple[tuple[str, Any], ...] = ()

    def shaped(self, ask: "Ask") -> "Ask":
        """The question with what the arms set."""
        return replace(ask, **dict(self.overrides)) if self.overrides else ask


NOTHING = Choice()


class LiveExperiments:
    """The experiments of one worker process.

    A request that names a setting which an arm would set, such as a beta of its own, should not be asked about: its
    user would be counted in an arm that was not shown.
    """

    def __init__(self, named: Mapping[str, Experiment], log: ExposureLog) -> None:
        self._log = log
        self._running = [_Running(name, each) for name, each in named.items() if each.traffic > 0]

    def choice(self, user_id: str, now: datetime) -> Choice:
        """What to serve to a user at a time."""
        if not self._running:
            return NOTHING
        placed: list[Placed] = []
        settings: dict[str, Any] = {}
        for each in self._running:
            arm = each.drawn(user_id, now)
            if arm is not None:
                placed.append(Placed(each.name, arm))
                settings.update(each.settings[arm])
        if not placed:
            return NOTHING
        release, channel = settings.pop("release", None), settings.pop("channel", None)
        return Choice(tuple(placed), release, channel, tuple(settings.items()))

    def expose(self, choice: Choice, user_id: str, now: datetime, request_id: str, release: str) -> None:
        """Say that the user was shown what the choice said. Call it where the answer is sent, not before."""
        for experiment, arm in choice.placed:
            self._log.add(experiment, arm, user_id, now, request_id, release)


class _Running:
    """An experiment with what is the same at every request."""

    def __init__(self, name: str, experiment: Experiment) -> None:
        self.name = name
        self.settings = {label: arm.settings for label, arm in experiment.arms.items()}
        self._assignment = Assignment(experiment)
        self._start, self._end = experiment.start, experiment.end

    def drawn(self, user_id: str, now: datetime) -> str | None:
        if (self._start and now < self._start) or (self._end and now >= self._end):
            return None
        return self._assignment.arm(user_id)
