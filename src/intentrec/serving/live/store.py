"""The live store: one SQLite file a host, written by every process that takes events in."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from intentrec.serving.live.models import Added, ErasureStatus, Exposure, InterestEdit, Label, LiveEvent, LiveItem


class LiveStore:
    """What came in since the release. Safe from several processes and threads."""

    @classmethod
    def open(cls, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Self:
        """Open or make the store of a workspace; `folder` is its `live` folder.

        Args:
            clock: The time that rows are stamped with.

        Raises:
            WorkspaceError: The file is damaged, or the folder cannot be written.
        """
        raise NotImplementedError

    def add_events(self, events: Sequence[LiveEvent]) -> Added:
        """Keep events; they are on disk when this returns. An id that is known already is a duplicate."""
        return self.queue_events(events).result()

    def queue_events(self, events: Sequence[LiveEvent]) -> "Future[Added]":
        """`add_events` for an event loop: `await asyncio.wrap_future(store.queue_events(events))`."""
        raise NotImplementedError

    def put_items(self, items: Sequence[LiveItem]) -> Added:
        """Keep items; each replaces an earlier one of its id."""
        raise NotImplementedError

    def edit_interest(self, edit: InterestEdit) -> None:
        """Keep what a user wants changed about an interest."""
        raise NotImplementedError

    def take_back_edit(self, user_id: str, interest_id: str) -> bool:
        """Forget an edit, so that the interest stands again as it was written; whether there was one."""
        raise NotImplementedError

    def add_labels(self, labels: Sequence[Label]) -> Added:
        """Keep judgements; each replaces an earlier one of its `label_id`."""
        raise NotImplementedError

    def labels(self) -> list[Label]:
        """Judgements that are not in the table yet."""
        raise NotImplementedError

    def add_exposures(self, exposures: Sequence[Exposure]) -> Added:
        """Keep who was shown what."""
        raise NotImplementedError

    def exposures(self) -> list[Exposure]:
        """Exposures that are not in the table yet."""
        raise NotImplementedError

    def erase(self, user_id: str) -> str:
        """Forget a user at once, leave the tables to the keeper, and return the receipt's random id."""
        raise NotImplementedError

    def erasure(self, receipt_id: str) -> ErasureStatus:
        """How far an erasure is.

        Raises:
            NotFoundError: There is no such receipt.
        """
        raise NotImplementedError

    def vacuum(self) -> None:
        """Leave no byte of what was deleted in the file or its log."""
        raise NotImplementedError

    def close(self) -> None:
        """Finish what is queued and give the file back."""
        raise NotImplementedError
