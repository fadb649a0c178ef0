"""The one process of a host that does what workers must not wait for."""

import logging
import os
import threading
import weakref
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from intentrec.config import Config
from intentrec.errors import WorkspaceBusy, WorkspaceError
from intentrec.serving.live.database import take_watch
from intentrec.serving.live.drain import Drain
from intentrec.serving.live.erasures import Erasures
from intentrec.serving.live.prune import Pruning
from intentrec.serving.live.refresh import Refresher
from intentrec.serving.live.settle import settle
from intentrec.serving.live.store import LiveStore
from intentrec.workspace import Manifest, Workspace

if TYPE_CHECKING:
    from intentrec.serving.live.redis import RedisShare

_PRUNE_SECONDS = 3600.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Duty:
    """Attributes:
    every: Seconds between two rounds in `Keeper.run`; None leaves it out.
    """

    name: str
    every: float | None
    work: Callable[[datetime], dict[str, int]]


class Keeper:
    """Exports bundles, drains, refreshes on drift, erases and prunes.

    Several may run on a host: one works, and when it is gone another takes over.
    """

    def __init__(
        self,
        workspace: Workspace,
        config: Config,
        store: LiveStore,
        export: Callable[[Workspace], Path],
        observe: Callable[[str, float, bool], None] = lambda duty, seconds, ok: None,
        pending: Callable[[int], None] = lambda rows: None,
        redis: Callable[[bool], None] = lambda up: None,
    ) -> None:
        """Nothing is done before `step` or `run`.

        Args:
            export: Makes the bundle of the current release where it is missing, and returns its folder.
            observe: Told after each duty: its name, its seconds, and whether it succeeded.
            pending: Told after each round how many rows are not in the tables yet.
            redis: Told whether Redis answers, where the settings name one.

        Raises:
            MissingExtra: The settings name a Redis, and its package is not installed.
        """
        self._workspace, self._store = workspace, store
        self._config, self._export = config, export
        self._observe, self._pending = observe, pending
        serving = config.serving
        self.share = self._open_share(redis) if serving.redis_url else None
        self._refresher = Refresher(workspace, config, store)
        self._pruning = Pruning(workspace, config, store)
        drained = serving.drain_seconds or None
        self._duties = (
            _Duty("export", serving.poll_seconds, self._export_bundle),
            _Duty("drain", drained, self._drain),
            _Duty("drift", drained, self._drift),
            _Duty("erasures", serving.poll_seconds, self._erase),
            _Duty("prune", _PRUNE_SECONDS, self._prune),
            _Duty("count", serving.poll_seconds, self._count),
        )
        self._runs = False
        self._last: dict[str, datetime] = {}
        self._said: dict[str, str] = {}
        self._bundle: Path | None = None
        self._exported: Manifest | None = None
        self._lock: weakref.finalize[[int], Keeper] | None = None

    def _open_share(self, tell: Callable[[bool], None]) -> "RedisShare":
        from intentrec.serving.live.redis import RedisShare

        return RedisShare(self._store, self._config, tell)

    def step(self, now: datetime) -> dict[str, int]:
        """One round of every duty: what was done, by name; a duty that failed counts as `failed:NAME`.

        Nothing is done while another keeper of this host works.
        """
        return self._round(now, self._duties)

    def run(self, stop: threading.Event) -> None:
        """Round after round until `stop` is set."""
        self._runs = True
        try:
            while not stop.is_set():
                now = datetime.now(UTC)
                self._round(now, [duty for duty in self._duties if self._is_due(duty, now)])
                stop.wait(self._config.serving.poll_seconds)
        finally:
            self.close()

    def close(self) -> None:
        """Let another keeper work."""
        if self.share is not None:
            self.share.stop()
        if self._lock is not None:
            self._lock()
            self._lock = None

    def _is_due(self, duty: _Duty, now: datetime) -> bool:
        last = self._last.get(duty.name)
        return last is None or (duty.every is not None and now - last >= timedelta(seconds=duty.every))

    def _round(self, now: datetime, duties: "list[_Duty] | tuple[_Duty, ...]") -> dict[str, int]:
        if not self._works():
            return {}
        done: Counter[str] = Counter()
        for duty in duties:
            if duty.every is not None:
                done.update(self._do(duty, now))
        return dict(done)

    def _works(self) -> bool:
        """Whether this is the keeper of the host; the lock dies with its process."""
        if self._lock is None:
            try:
                watch = take_watch(self._store.file.parent)
            except OSError as error:
                self._say("watch", error)
                return False
            if watch is None:
                return False
            self._lock = weakref.finalize(self, os.close, watch)
            if self.share is not None and self._runs:
                self.share.start()
        return True

    def _do(self, duty: _Duty, now: datetime) -> dict[str, int]:
        self._last[duty.name] = now
        begun = perf_counter()
        try:
            counts = duty.work(now)
        except WorkspaceBusy:  # a run holds the workspace, maybe for hours
            counts = {f"waited:{duty.name}": 1}
        except Exception as error:
            self._observe(duty.name, perf_counter() - begun, False)
            self._say(duty.name, error)
            return {f"failed:{duty.name}": 1}
        self._observe(duty.name, perf_counter() - begun, True)
        self._said.pop(duty.name, None)
        return counts

    def _say(self, duty: str, error: Exception) -> None:
        """One line a fault, however often it is met."""
        # Words of other errors may name a user, and logs are not searched when one is erased.
        sentence = str(error) if isinstance(error, WorkspaceError) else type(error).__name__
        if self._said.get(duty) != sentence:
            said = " ".join(sentence.split())
            logger.error("keeper: %s failed and is tried again: %s", duty, said, exc_info=error, extra={"duty": duty})
        self._said[duty] = sentence

    def _export_bundle(self, now: datetime) -> dict[str, int]:
        manifest = self._workspace.releases.current()
        if manifest is None:
            return {}
        settle(self._workspace, self._store, now)
        if manifest == self._exported and self._bundle is not None and self._bundle.is_dir():
            return {}
        settle(self._workspace, self._store, now, all_waiting=True)
        self._bundle, self._exported = self._export(self._workspace), manifest
        return {"exported": 1}

    def _drain(self, now: datetime) -> dict[str, int]:
        return Drain(self._workspace, self._config, self._store, lambda: now).run()

    def _drift(self, now: datetime) -> dict[str, int]:
        manifest = self._workspace.releases.current()
        return {} if manifest is None else self._refresher.step(manifest, now)

    def _erase(self, now: datetime) -> dict[str, int]:
        grace = timedelta(seconds=2 * self._config.serving.poll_seconds)
        shared = (lambda _: True) if self.share is None else self.share.forget
        done = Erasures(self._workspace, self._store, self._export, shared, grace).step(now)
        if "erased" in done:
            self._refresher.forget()
        return done

    def _prune(self, now: datetime) -> dict[str, int]:
        return self._pruning.step(now, self._bundle)

    def _count(self, now: datetime) -> dict[str, int]:
        drains = self._config.serving.redis_drain
        published = int(self._store.fact("published", 0)) if drains == "none" else 0
        self._pending(self._store.waiting(foreign=drains == "all", after=published))
        return {}
