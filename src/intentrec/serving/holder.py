"""What one worker process serves from: the bundle of the current release, what is live, and the keys."""

from pathlib import Path
from typing import TYPE_CHECKING, Self

from intentrec.config import Config
from intentrec.serving.keys import Keys
from intentrec.workspace import Workspace

if TYPE_CHECKING:
    from intentrec.serving.live import LiveState, LiveStore
    from intentrec.serving.ranking import Ranking


class Holder:
    """Opens the current release, follows `releases/current.json`, and swaps the ranking atomically.

    Attributes:
        config: Settings of the workspace's file, not of a release.
        keyless: Whether everything is allowed while there are no keys: only where nobody but this host can ask.
    """

    config: Config
    workspace: Workspace
    store: "LiveStore"
    live: "LiveState"
    keys: Keys
    keyless: bool

    @classmethod
    def open(cls, root: Path, *, keyless: bool = True) -> Self:
        """Open a workspace that has a published release and its bundle.

        Raises:
            NotFoundError: Nothing is published yet.
            WorkspaceError: The bundle or the live store cannot be opened.
        """
        raise NotImplementedError

    @property
    def ranking(self) -> "Ranking":
        """The current release's lists. Take it once a request: the next one may belong to another release."""
        raise NotImplementedError

    def release(self, name: str) -> "Ranking":
        """The lists of another release, for comparing; a few are kept open.

        Raises:
            NotFoundError: It was never published.
        """
        raise NotImplementedError

    def poll(self) -> bool:
        """Open the current release where another one is served; whether it was swapped. Blocks: use a thread."""
        raise NotImplementedError

    def close(self) -> None:
        """Flush the live store and unmap the bundles."""
        raise NotImplementedError
