"""What the server's processes count; what others call."""

import logging
from datetime import datetime
from functools import cache

from intentrec.errors import MissingExtra
from intentrec.extras import require

logger = logging.getLogger(__name__)


class Metrics:
    """Counts nothing: where prometheus-client is missing. `PrometheusMetrics` counts.

    A call takes some microseconds, and never raises. Label values that are given here must be few: route templates, not
    paths. What exceeds a hundred values counts as "other".
    """

    def process(self, role: str) -> None:
        """This process lives. Called once when it starts, with "worker" or "keeper"."""

    def requests(self, route: str, status: int, seconds: float) -> None:
        """One request was answered; `route` is a template such as "/v1/users/{user_id}/recommendations"."""

    def answers(self, source: str) -> None:
        """One list was given; `source` as in `ranking.Answer`."""

    def events(self, accepted: int = 0, duplicates: int = 0, refused: int = 0) -> None:
        """A batch of events came in."""

    def bundle(self, release: str, as_of: datetime, *, items: int = 0, users: int = 0, seconds: float = 0.0) -> None:
        """This worker answers from a release from now on; opening it took so many seconds."""

    def keeper(self, duty: str, seconds: float, ok: bool = True) -> None:
        """One round of a keeper's duty, such as "drain", has ended."""

    def pending(self, rows: int) -> None:
        """So many rows of the live store are not in the tables yet."""

    def redis(self, up: bool) -> None:
        """Whether Redis answers."""

    def exposition(self) -> tuple[bytes, str]:
        """What `/metrics` answers, for all processes of this server: the body and its content type."""
        return b"", "text/plain; charset=utf-8"


@cache
def metrics() -> Metrics:
    """The process's own; those of all processes of a server are added up where `shared.begin` was called before."""
    try:
        require("prometheus_client", "metrics")
    except MissingExtra as missing:
        logger.warning("There are no metrics. %s", missing)
        return Metrics()
    from intentrec.serving.operations.prometheus import OthersMetrics, PrometheusMetrics

    try:
        return PrometheusMetrics()
    except OSError as error:
        logger.warning("This process is not counted: %s.", error.strerror)
        return OthersMetrics()
