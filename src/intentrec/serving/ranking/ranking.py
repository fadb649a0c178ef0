"""Lists for users, from a bundle and what is live."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from intentrec.config import Config
from intentrec.pipeline.why import Chain
from intentrec.serving.bundle import About, Bundle
from intentrec.serving.ranking.asking import Answer, Ask

if TYPE_CHECKING:
    from intentrec.serving.live import LiveEvent, LiveState

CHANNELS = ("user", "tag", "memory", "popular", "encoder")


@dataclass(frozen=True)
class Reached:
    """A user whose stored list holds an item.

    Attributes:
        rank: From 1.
        tag: The tag that led there; None where the user's own vector did.
    """

    user_id: str
    rank: int
    tag: str | None


class Ranking:
    """Ranks for users of one bundle, known and new; what is live counts at the next call.

    Args:
        bundle: Stays open as long as the ranking is used.
        live: What came in since.
        config: Settings of the server; those of retrieval are the release's own.
    """

    def __init__(self, bundle: Bundle, live: "LiveState", config: Config) -> None:
        self.bundle = bundle
        self.live = live
        self.config = config

    def warm(self) -> None:
        """Load now what is otherwise loaded at first need: the towers and the reader of texts. Takes seconds."""
        raise NotImplementedError

    def for_user(self, user_id: str, ask: Ask) -> Answer:
        """A user's list: as it was stored where nothing is live and nothing overrides it, else ranked anew.

        A user that nobody knows gets what is popular.
        """
        raise NotImplementedError

    def for_history(self, events: Sequence["LiveEvent"], ask: Ask) -> Answer:
        """A list for somebody who is known by these events alone; nothing of them is kept."""
        raise NotImplementedError

    def for_wishes(self, wishes: Sequence[str], ask: Ask, user_id: str | None = None) -> Answer:
        """A list from words: each wish is a tag, and for a known user fused with the user's vector."""
        raise NotImplementedError

    def similar(self, item_id: str, ask: Ask) -> Answer:
        """Items whose vectors have the greatest cosine with an item's.

        Raises:
            NotFoundError: There is no such item.
        """
        raise NotImplementedError

    def channel(self, name: str, user_id: str, ask: Ask) -> Answer:
        """Candidates of one channel with its own scores, for rankers further on.

        Args:
            name: One of `channels`.

        Raises:
            NotFoundError: There is no such channel in this release.
        """
        raise NotImplementedError

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels of this release."""
        raise NotImplementedError

    def why(self, user_id: str, item_id: str) -> Chain:
        """The chain behind one recommendation, as the user stands now.

        Raises:
            NotFoundError: The user or the item is not known.
        """
        raise NotImplementedError

    def about(self, user_id: str) -> About | None:
        """Profile, interests and tags as they stand now; None for a user of whom nothing is written."""
        raise NotImplementedError

    def knows(self, user_id: str) -> bool:
        """Whether anything is known of a user: events or attributes in the release, or something live."""
        raise NotImplementedError

    def item(self, item_id: str) -> dict[str, Any] | None:
        """What is known of an item; None for one that nobody has put in."""
        raise NotImplementedError

    def audience(self, item_id: str, limit: int = 20) -> list[Reached]:
        """Users whose stored lists hold an item, those first where it stands highest."""
        raise NotImplementedError
