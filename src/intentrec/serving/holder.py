"""What one worker process serves from: the bundle of the current release, what is live, and the keys."""

import logging
import weakref
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Self

from intentrec.config import Config, load_config
from intentrec.serving.bundle import Bundle, Meta, bundle_of, export_bundle
from intentrec.serving.keys import KEYS_FILE, LIVE_FOLDER, Caller, Keys
from intentrec.serving.live import LiveState, LiveStore
from intentrec.serving.operations.metrics import metrics
from intentrec.serving.ranking import Ranking
from intentrec.workspace import Workspace

_OTHERS_KEPT = 4
logger = logging.getLogger(__name__)


class Holder:
    """Opens the current release, follows `releases/current.json`, and swaps the ranking atomically.

    A ranking that was replaced is closed when the last request that uses it has let go of it.

    Attributes:
        config: Settings of the workspace's file, not of a release.
        keyless: Whether everything is allowed while there are no keys: only where nobody but this host can ask.
    """

    def __init__(self, workspace: Workspace, store: LiveStore, *, keyless: bool = True) -> None:
        self.workspace, self.store, self.keyless = workspace, store, keyless
        self.config: Config = load_config(workspace.config_file)
        self.keys = Keys(workspace.root / KEYS_FILE)
        self._others: dict[str, Ranking] = {}
        self._opening = Lock()
        self._refused = ""
        self._ranking = self._current(bundle_of(workspace, workspace.release()))

    @classmethod
    def open(cls, root: Path, *, keyless: bool = True) -> Self:
        """Open a workspace that has a published release and its bundle.

        Raises:
            NotFoundError: Nothing is published yet.
            WorkspaceError: The bundle or the live store cannot be opened.
        """
        workspace = Workspace(root)
        store = LiveStore.open(workspace.root / LIVE_FOLDER)
        try:
            return cls(workspace, store, keyless=keyless)
        except BaseException:
            store.close()
            raise

    @property
    def ranking(self) -> Ranking:
        """The current release's lists. Take it once a request: the next one may belong to another release."""
        return self._ranking

    @property
    def live(self) -> LiveState:
        """What is live beside the current release."""
        return self._ranking.live

    def is_erased(self, user_id: str) -> bool:
        """Whether nothing of a user may be used or kept any more."""
        return self.live.is_erased(user_id)

    def caller(self, token: str | None, local: bool) -> Caller | None:
        """Who asks; `local` says whether this host was asked by its own name."""
        return self.keys.caller(token, open_without=self.keyless and local)

    def check(self) -> Meta:
        """What is served, where the live store answers.

        Raises:
            IntentrecError: It does not.
        """
        ranking = self._ranking
        self.store.data_version()  # asks the file, where `sync` may trust that nothing happened
        ranking.live.sync()
        return ranking.bundle.meta

    def release(self, name: str) -> Ranking:
        """The lists of another release, with what came in since that one; a few are kept open.

        Blocks, for long where the bundle of that release has to be made first.

        Raises:
            NotFoundError: It was never published.
        """
        found = self.opened(name)
        if found is not None:
            return found
        with self._opening:
            return self.opened(name) or self._opened_now(name)

    def opened(self, name: str) -> Ranking | None:
        """The lists of a release that is open already; None for others. A moment."""
        current = self._ranking
        return current if current.bundle.meta.release == name else self._others.get(name)

    def poll(self) -> bool:
        """Open the current release where another one is served; whether it was swapped. Blocks: use a thread.

        A release whose bundle the keeper has not made yet is passed over until the next poll. One that cannot be
        opened is logged, once, and the old one stays. What is live is looked at each time: a worker that nobody asks
        must learn of an erasure, too.
        """
        try:
            self.live.sync()
            folder = bundle_of(self.workspace, self.workspace.release())
            if folder == self._ranking.bundle.folder or not folder.exists():
                return False
            ranking = self._current(folder)
            if self._ranking.is_warm:
                ranking.warm()  # or the first live user after the swap would wait for it
        except Exception as error:
            if str(error) != self._refused:
                logger.exception("a newer release cannot be opened; the old one stays")
            self._refused = str(error)
            return False
        with self._opening:
            self._others.clear()
            self._ranking = ranking
        self._refused = ""
        return True

    def close(self) -> None:
        """Flush the live store and unmap the bundles. The holder is of no use after that."""
        self.store.close()
        self._ranking.bundle.close()
        for ranking in self._others.values():
            ranking.bundle.close()

    def _current(self, folder: Path) -> Ranking:
        begun = perf_counter()
        ranking = self._open(folder)
        meta = ranking.bundle.meta
        counts = {"items": meta.n_items, "users": meta.n_users}
        metrics().bundle(meta.release, meta.as_of, **counts, seconds=perf_counter() - begun)
        return ranking

    def _open(self, folder: Path) -> Ranking:
        bundle = Bundle.open(folder)
        ranking = Ranking(bundle, LiveState(self.store, bundle.meta), self.config)
        weakref.finalize(ranking, bundle.close).atexit = False
        return ranking

    def _opened_now(self, name: str) -> Ranking:
        folder = export_bundle(self.workspace, self.workspace.releases.get(name))
        while len(self._others) >= _OTHERS_KEPT:
            self._others.pop(next(iter(self._others)))
        self._others[name] = self._open(folder)
        return self._others[name]
