"""What a ranking asks of what is live, held in memory: tests put things in by hand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from intentrec.serving.live import InterestEdit, LiveEvent, LiveItem, Refreshed


class HeldLive:
    """A `LiveState` without a store."""

    def __init__(self) -> None:
        self.items: dict[str, LiveItem] = {}
        self.items_version = 0
        self._n = 0
        self._versions: dict[str, int] = {}
        self._events: dict[str, list[tuple[int, LiveEvent]]] = {}
        self._edits: dict[str, list[InterestEdit]] = {}
        self._refreshed: dict[str, Refreshed] = {}
        self._erased: set[str] = set()

    def sync(self) -> None:
        """Everything is known at once."""

    def version(self, user_id: str) -> int:
        return self._versions.get(user_id, 0)

    def events(self, user_id: str) -> Sequence[LiveEvent]:
        return [event for _, event in self.numbered(user_id)]

    def numbered(self, user_id: str) -> Sequence[tuple[int, LiveEvent]]:
        return sorted(self._events.get(user_id, []), key=lambda one: one[1].timestamp)

    def edits(self, user_id: str) -> Sequence[InterestEdit]:
        return self._edits.get(user_id, [])

    def refreshed(self, user_id: str) -> Refreshed | None:
        return self._refreshed.get(user_id)

    def is_erased(self, user_id: str) -> bool:
        return user_id in self._erased

    def _touch(self, user_id: str) -> int:
        self._n += 1
        self._versions[user_id] = self._n
        return self._n

    def did(self, user_id: str, event: str, item_id: str | None, at: datetime, query: str | None = None) -> LiveEvent:
        """Put an event in."""
        n = self._touch(user_id)
        given = LiveEvent(event_id=f"e{n}", user_id=user_id, timestamp=at, event=event, item_id=item_id, query=query)
        self._events.setdefault(user_id, []).append((-n, given))
        return given

    def put(self, item_id: str, title: str, **attributes: Any) -> None:
        """Put an item in."""
        self._n += 1
        self.items = {**self.items, item_id: LiveItem(item_id=item_id, title=title, **attributes)}
        self.items_version = self._n

    def edit(
        self, user_id: str, action: str, at: datetime, interest_id: str | None = None, text: str | None = None
    ) -> None:
        """Change an interest."""
        self._touch(user_id)
        given = InterestEdit(user_id=user_id, action=action, interest_id=interest_id, text=text, at=at)  # type: ignore[arg-type]
        kept = [edit for edit in self.edits(user_id) if edit.interest_id != given.interest_id]
        self._edits[user_id] = [*kept, given]

    def refresh(self, refreshed: Refreshed) -> None:
        """Write about a user anew."""
        self._touch(refreshed.user_id)
        self._refreshed[refreshed.user_id] = refreshed

    def erase(self, user_id: str) -> None:
        """Forget a user."""
        self._touch(user_id)
        self._erased.add(user_id)
