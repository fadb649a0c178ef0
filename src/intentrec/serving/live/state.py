"""What one process knows of the live store."""

from collections.abc import Mapping, Sequence

from intentrec.serving.live.coverage import Covering
from intentrec.serving.live.models import InterestEdit, LiveEvent, LiveItem, Refreshed
from intentrec.serving.live.store import LiveStore


class LiveState:
    """Who and what is live beside one release. Make one for each ranking, so that both always fit together.

    Attributes:
        items: Items that came in since the release, by id.
        items_version: Changes whenever `items` does.
    """

    items: Mapping[str, LiveItem]
    items_version: int

    def __init__(self, store: LiveStore, meta: Covering | None = None) -> None:
        """Without `meta` everything that the store keeps counts as live."""
        raise NotImplementedError

    def sync(self) -> None:
        """Learn what is new; microseconds when nothing is."""
        raise NotImplementedError

    def covered_by(self, meta: Covering) -> None:
        """Count only what the release with this `Meta` does not contain."""
        raise NotImplementedError

    def version(self, user_id: str) -> int:
        """Grows with everything that comes in about a user; 0 when nothing is live."""
        raise NotImplementedError

    def events(self, user_id: str) -> Sequence[LiveEvent]:
        """The user's live events, oldest first."""
        raise NotImplementedError

    def numbered(self, user_id: str) -> Sequence[tuple[int, LiveEvent]]:
        """`events` with their `row` in the events table; below zero where they have none yet (see `Refreshed`)."""
        raise NotImplementedError

    def edits(self, user_id: str) -> Sequence[InterestEdit]:
        """What the user wants changed, oldest first, at most one an interest."""
        raise NotImplementedError

    def refreshed(self, user_id: str) -> Refreshed | None:
        """Interests, tags and profile made since the release; None where they are as the release has them."""
        raise NotImplementedError

    def is_erased(self, user_id: str) -> bool:
        """Whether what the release holds about the user must not be used any more."""
        raise NotImplementedError
