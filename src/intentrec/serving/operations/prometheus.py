"""Counting with prometheus-client; imported only where it is installed."""

import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from threading import Lock
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from intentrec.serving.operations import instruments as known
from intentrec.serving.operations.gathering import gathered
from intentrec.serving.operations.instruments import INSTRUMENTS, Instrument
from intentrec.serving.operations.metrics import Metrics
from intentrec.serving.operations.shared import folder_of_counts, reserve

MOST_SERIES = 100
OTHER = "other"
ONLY_WHERE_NOT_ZERO = (known.WORKERS.name, known.PROCESSES.name)


class PrometheusMetrics(Metrics):
    """Counts in this process, and answers for all processes of the server."""

    def __init__(self) -> None:
        self._folder = folder_of_counts()
        if self._folder is not None:
            reserve(self._folder, _kinds_of_files())
        self._registry = CollectorRegistry()
        self._series = {each: _Series(each, self._registry) for each in INSTRUMENTS}
        self._requests = self._series[known.REQUESTS]
        self._answers = self._series[known.ANSWERS]
        self._release = ""

    def process(self, role: str) -> None:
        """Set a gauge that is gone with this process."""
        self._series[known.PROCESSES][(role,)].set(1)

    def requests(self, route: str, status: int, seconds: float) -> None:
        """Two additions: to a bucket and to the sum."""
        self._requests[route, status].observe(seconds)

    def answers(self, source: str) -> None:
        """One addition."""
        self._answers[(source,)].inc()

    def events(self, accepted: int = 0, duplicates: int = 0, refused: int = 0) -> None:
        """One addition for each outcome that occurred."""
        for outcome, n in (("accepted", accepted), ("duplicate", duplicates), ("refused", refused)):
            if n:
                self._series[known.EVENTS][(outcome,)].inc(n)

    def bundle(self, release: str, as_of: datetime, *, items: int = 0, users: int = 0, seconds: float = 0.0) -> None:
        """The release before counts one worker less."""
        if self._release:
            self._series[known.WORKERS][(self._release,)].set(0)
        self._series[known.WORKERS][(release,)].set(1)
        self._release = release
        self._set(known.AS_OF, as_of.timestamp())
        self._set(known.ITEMS, items)
        self._set(known.USERS, users)
        self._set(known.OPENING, seconds)

    def keeper(self, duty: str, seconds: float, ok: bool = True) -> None:
        """The time of the last success is kept beside the histogram."""
        self._series[known.KEEPER][duty, "ok" if ok else "failed"].observe(seconds)
        if ok:
            self._series[known.KEEPER_DONE][(duty,)].set(time.time())

    def pending(self, rows: int) -> None:
        """Set a gauge."""
        self._set(known.PENDING, rows)

    def redis(self, up: bool) -> None:
        """Set a gauge that is not shown before this is first called."""
        self._set(known.REDIS, up)

    def exposition(self) -> tuple[bytes, str]:
        """The text format of Prometheus."""
        return generate_latest(self), CONTENT_TYPE_PLAIN_0_0_4

    def collect(self) -> Iterator[Metric]:
        """The metrics of all processes, as prometheus-client calls it."""
        return _shown(self._registry.collect() if self._folder is None else gathered(self._folder))

    def _set(self, instrument: Instrument, value: float) -> None:
        self._series[instrument][()].set(value)


class OthersMetrics(Metrics):
    """Counts nothing, since there is no space for it, and answers for those that do."""

    def exposition(self) -> tuple[bytes, str]:
        """As that of any other process of the server."""
        return generate_latest(self), CONTENT_TYPE_PLAIN_0_0_4

    def collect(self) -> Iterator[Metric]:
        """The metrics of all other processes."""
        folder = folder_of_counts()
        return _shown(gathered(folder) if folder is not None and folder.is_dir() else [])


class _Series(dict[tuple[object, ...], Any]):
    """Label values -> what counts them; made when first asked for, since a gauge that is made shows 0."""

    def __init__(self, instrument: Instrument, registry: CollectorRegistry) -> None:
        super().__init__()
        self._instrument = instrument
        self._metric = _made(instrument, registry) if instrument.labels else None
        self._registry = registry
        self._lock = Lock()

    def __missing__(self, labels: tuple[object, ...]) -> Any:
        with self._lock:
            if labels in self:
                return self[labels]
            if self._metric is None:
                counted = _made(self._instrument, self._registry)
            elif len(self) < MOST_SERIES:
                counted = self._metric.labels(*labels)
            else:
                # Not kept: what comes from outside must not fill the memory.
                return self._metric.labels(*[OTHER] * len(labels))
            self[labels] = counted
            return counted


def _made(instrument: Instrument, registry: CollectorRegistry) -> Any:
    name, meaning, labels = instrument.name, instrument.meaning, instrument.labels
    if instrument.kind == "counter":
        return Counter(name, meaning, labels, registry=registry)
    if instrument.kind == "gauge":
        return Gauge(name, meaning, labels, registry=registry, multiprocess_mode=instrument.across)
    return Histogram(name, meaning, labels, registry=registry, buckets=instrument.buckets)


def _kinds_of_files() -> set[str]:
    return {f"gauge_{each.across}" if each.kind == "gauge" else each.kind for each in INSTRUMENTS}


def _shown(found: Iterable[Metric]) -> Iterator[Metric]:
    for metric in found:
        metric.samples = [
            sample
            for sample in metric.samples
            if not sample.name.endswith("_created") and (sample.value or sample.name not in ONLY_WHERE_NOT_ZERO)
        ]
        yield metric
