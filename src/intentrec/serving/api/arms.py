"""Experiments on the way of a request: which arm a user is in, and that it was shown."""

import logging
from datetime import datetime
from typing import Self

from intentrec.errors import NotFoundError
from intentrec.serving.experiments.exposures import ExposureLog
from intentrec.serving.experiments.served import NOTHING, Choice, LiveExperiments
from intentrec.serving.holder import Holder
from intentrec.serving.ranking import Answer, Ask

logger = logging.getLogger(__name__)


class Arms:
    """The experiments of this process.

    Attributes:
        log: Collects exposures; its thread is started and ended with the application.
    """

    def __init__(self, experiments: LiveExperiments, log: ExposureLog, settings: frozenset[str]) -> None:
        self._experiments, self.log, self._settings = experiments, log, settings
        self._missing: set[Choice] = set()

    @classmethod
    def of(cls, holder: Holder) -> Self:
        """Those of the workspace's settings."""
        named = holder.config.serving.experiments.named
        log = ExposureLog(holder.store.add_exposures, holder.is_erased)
        settings = frozenset(key for each in named.values() for key in each.settings())
        return cls(LiveExperiments(named, log), log, settings)

    def choice(self, user_id: str, asked_for: set[str], now: datetime) -> Choice:
        """What to serve to a user.

        Args:
            asked_for: Options that the request names. One that an arm sets leaves its user out.
        """
        return NOTHING if self._settings & asked_for else self._experiments.choice(user_id, now)

    def answer(self, holder: Holder, choice: Choice, user_id: str, ask: Ask) -> Answer | None:
        """The list that the arms say; None where they name what is not there, logged once. May block for long."""
        try:
            ranking = holder.ranking if choice.release is None else holder.release(choice.release)
            if choice.channel is None:
                return ranking.for_user(user_id, choice.shaped(ask))
            return ranking.channel(choice.channel, user_id, choice.shaped(ask))
        except NotFoundError:
            if choice not in self._missing:
                logger.exception("an experiment names a release or channel that is not there")
            self._missing.add(choice)
            return None

    def shown(self, choice: Choice, user_id: str, now: datetime, request_id: str, release: str) -> dict[str, str]:
        """Note that a user is shown what was chosen: the arm by experiment."""
        self._experiments.expose(choice, user_id, now, request_id, release)
        return {placed.experiment: placed.arm for placed in choice.placed}
