"""A shop whose right answers are known: things for tea and things for the garden, and an embedder that knows which."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import numpy as np
import polars as pl
import pytest

from fake_model import FakeModel
from intentrec.tables import CATALOGUE, EVENTS, POOL, PROFILES

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
TEA = ("copper teapot", "herbal infuser", "porcelain cup", "honey spoon")
GARDEN = ("steel spade", "seed tray", "clay planter", "rose pruner")
THEMES = {word: 0 for title in (*TEA, "tea time") for word in title.split()} | {
    word: 1 for title in (*GARDEN, "garden work", "gardening") for word in title.split()
}


class PlantedEmbedder:
    """Words of one theme share an axis and have one each of their own."""

    model_id = "planted"
    width = 514

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        rows = [
            np.sum([self._word(w) for w in text.lower().split()] or [np.eye(self.width)[2]], axis=0) for text in texts
        ]
        vectors = np.array(rows, dtype=np.float64).reshape(len(texts), self.width)
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    def _word(self, word: str) -> np.ndarray:
        vector = np.zeros(self.width)
        own = int.from_bytes(blake2b(word.encode(), digest_size=4).digest(), "little")
        vector[2 + own % (self.width - 2)] = 1.0
        if word in THEMES:
            vector[THEMES[word]] = 1.0
        return vector


class Shop:
    """Events in the order they are told, with a profile line for each user and day."""

    def __init__(self) -> None:
        self.events_told: list[dict[str, object]] = []
        self.embedder = PlantedEmbedder()

    def buy(self, user_id: str, title: str, days_ago: float, event: str = "purchase") -> int:
        row = len(self.events_told) + 100
        when = AS_OF - timedelta(days=days_ago)
        told = {"row": row, "user_id": user_id, "timestamp": when, "event": event, "item_id": f"item {title}"}
        if event == "search":
            told |= {"item_id": None, "query": title}
        self.events_told.append(told)
        return row

    @property
    def events(self) -> pl.DataFrame:
        return EVENTS.rows(self.events_told)

    @property
    def catalogue(self) -> pl.DataFrame:
        titles = [*TEA, *GARDEN, *(str(e["item_id"])[5:] for e in self.events_told if e["item_id"])]
        return CATALOGUE.rows(
            {"item_id": f"item {t}", "name": t, "phrase": t, "category": "all", "as_of": AS_OF, "model": "none"}
            for t in sorted(set(titles))
        )

    @property
    def pool(self) -> pl.DataFrame:
        return POOL.rows(
            {"interest": i, "category": "all", "n_items": 4, "as_of": AS_OF} for i in ("garden work", "tea time")
        )

    @property
    def profiles(self) -> pl.DataFrame:
        """As the profiles room makes them, as of the run: one line a day, newest first."""
        past = [e for e in self.events_told if e["timestamp"] < AS_OF]
        lines: dict[str, dict[str, list[dict[str, object]]]] = {}
        for event in sorted(past, key=lambda e: e["timestamp"], reverse=True):
            lines.setdefault(event["user_id"], {}).setdefault(f"{event['timestamp']:%Y-%m-%d}", []).append(event)
        return PROFILES.rows(self._profile(user_id, days) for user_id, days in sorted(lines.items()))

    def _profile(self, user_id: str, days: dict[str, list[dict[str, object]]]) -> dict[str, object]:
        lines = [
            {
                "text": f"{day} ({e[0]['event']}) | {', '.join(_thing(x) for x in e)}",
                "rows": sorted(x["row"] for x in e),
            }
            for day, e in days.items()
        ]
        numbered = [f"{n}. {line['text']}" for n, line in enumerate(lines, 1)]
        return {"user_id": user_id, "text": "\n".join(["country: Chad", *numbered]), "lines": lines, "as_of": AS_OF}


def _thing(event: dict[str, object]) -> str:
    return str(event["item_id"] or event["query"]).removeprefix("item ")


@pytest.fixture
def shop() -> Shop:
    """Ann has two interests over half a year, Bob one burst, Cy a single action."""
    shop = Shop()
    for n, title in enumerate(TEA):
        shop.buy("ann", title, 150 - 30 * n)
    for n, title in enumerate(GARDEN):
        shop.buy("ann", title, 40 - 10 * n)
    shop.buy("ann", "odd thing", 5)
    for title in TEA[:3]:
        shop.buy("bob", title, 3)
    shop.buy("cy", GARDEN[0], 3)
    return shop


@pytest.fixture
def fake_model() -> type[FakeModel]:
    return FakeModel
