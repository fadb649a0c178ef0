"""A holder whose lists are made up, so that routes can be tested without a release; everything else is real."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any

import orjson
from starlette.testclient import TestClient

from intentrec.config import parse_config
from intentrec.errors import NotFoundError
from intentrec.serving.api import create_app
from intentrec.serving.bundle import About
from intentrec.serving.holder import Holder
from intentrec.serving.keys import Keys
from intentrec.serving.live import LiveState, LiveStore
from intentrec.serving.ranking import Answer
from intentrec.workspace import Workspace

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENTRY = {"item_id": "i1", "title": "Tea <b>cup</b>", "score": 1.25}
INTEREST = {"interest_id": "n1", "interest": "tea things", "stage": "new", "weight": 0.5, "as_of": NOW}
TAG = {"rank": 1, "tag": "china cup", "interest_id": "n1"}


@dataclass
class FakeRanking:
    """Answers with one entry, and remembers what it was asked."""

    live: Any
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    fails: Exception | None = None
    release: str = "r0001"

    def __post_init__(self) -> None:
        self.bundle = SimpleNamespace(
            meta=SimpleNamespace(release=self.release, as_of=NOW), folder=Path("r0001"), close=lambda: None
        )

    def _answer(self, source: str, *asked: Any) -> Answer:
        self.asked.append((source, *asked))
        if self.fails:
            raise self.fails
        return Answer(orjson.dumps(ENTRY), 1, source, self.release)

    def warm(self) -> None:
        """Nothing."""

    def at_hand(self, user_id: str, ask: Any) -> Answer | None:
        return None

    def for_user(self, user_id: str, ask: Any) -> Answer:
        return self._answer("stored" if user_id == "anna" else "popular", user_id, ask)

    def for_history(self, events: Any, ask: Any) -> Answer:
        return self._answer("history", events, ask)

    def for_wishes(self, wishes: Any, ask: Any, user_id: str | None = None) -> Answer:
        return self._answer("wishes", wishes, ask, user_id)

    def similar(self, item_id: str, ask: Any) -> Answer:
        if item_id == "nothing":
            raise NotFoundError("There is no item 'nothing'.")
        return self._answer("similar", item_id, ask)

    def channel(self, name: str, user_id: str, ask: Any) -> Answer:
        return self._answer(f"channel:{name}", user_id, ask)

    def why(self, user_id: str, item_id: str) -> Any:
        return SimpleNamespace(as_dict=lambda: {"user_id": user_id, "item_id": item_id})

    def knows(self, user_id: str) -> bool:
        return user_id in ("anna", "quiet")

    def about(self, user_id: str) -> About | None:
        return About(user_id, None, [INTEREST], [TAG]) if user_id == "anna" else None


class FakeHolder(Holder):
    """A holder of a `FakeRanking`, over a real workspace, live store and key file."""

    def __init__(self, root: Path, settings: dict[str, Any] | None = None, *, keyless: bool = True) -> None:
        self.workspace, self.keyless = Workspace.create(root, ""), keyless
        self.config = parse_config({"serving": settings or {}}, "test")
        self.keys = Keys(root / "keys.json")
        self.store = LiveStore.open(root / "live", clock=lambda: NOW)
        self.fake = FakeRanking(LiveState(self.store))
        self._ranking: Any = self.fake
        self._others: Any = {}
        self._opening = Lock()

    def client(self, token: str | None = None, clock: Callable[[], float] = lambda: 0.0) -> TestClient:
        """A client in this process; it asks for 127.0.0.1."""
        app = create_app(self, now=lambda: NOW, clock=clock)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return TestClient(app, "http://127.0.0.1:8080", raise_server_exceptions=False, headers=headers)

    def key(self, *scopes: str) -> str:
        """A new key."""
        return self.keys.add(f"key{len(self.keys)}", scopes, NOW)
