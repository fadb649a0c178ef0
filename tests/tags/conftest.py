"""A shop where kettles are followed by cups, and spades by seeds; and interests in both."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import numpy as np
import polars as pl
import pytest

from fake_model import FakeModel
from intentrec.tables import CATALOGUE, EVENTS, INTERESTS, PROFILES

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
TEA = (
    "copper kettle", "porcelain cup", "herbal infuser", "honey spoon", "bamboo tray", "linen cosy", "enamel caddy",
    "scone plate",
)  # fmt: skip
GARDEN = (
    "steel spade", "tomato seeds", "clay planter", "rose pruner", "willow trug", "brass sprinkler",
    "jute twine", "leather gloves",
)  # fmt: skip
THEMES = {word: 0 for title in (*TEA, "tea time") for word in title.split()} | {
    word: 1 for title in (*GARDEN, "garden work") for word in title.split()
}


class PlantedEmbedder:
    """Words of one theme share an axis and have one each of their own; two words count as one with two owns."""

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
    """Events and interests as they are told."""

    def __init__(self) -> None:
        self.embedder = PlantedEmbedder()
        self.titles = [*TEA, *GARDEN]
        self._events: list[dict[str, object]] = []
        self._interests: list[dict[str, object]] = []

    def buy(self, user_id: str, title: str, days_ago: float, event: str = "purchase") -> int:
        row = len(self._events)
        told: dict[str, object] = {"row": row, "user_id": user_id, "timestamp": AS_OF - timedelta(days=days_ago)}
        told |= {"event": event, "item_id": title} if event != "search" else {"event": event, "query": title}
        self._events.append(told)
        return row

    def likes(self, user_id: str, interest: str, rows: Sequence[int], weight: float) -> None:
        told = {
            "user_id": user_id,
            "interest_id": f"{user_id}-{interest}",
            "interest": interest,
            "evidence": list(rows),
        }
        self._interests.append(told | {"weight": weight, "listed": True, "stage": "lasting", "reason": "bought often"})

    @property
    def events(self) -> pl.DataFrame:
        return EVENTS.rows(self._events)

    @property
    def interests(self) -> pl.DataFrame:
        return INTERESTS.rows(self._interests).sort("user_id", "interest_id")

    @property
    def catalogue(self) -> pl.DataFrame:
        return CATALOGUE.rows(
            {"item_id": t, "name": t, "phrase": t, "category": "garden" if THEMES.get(t.split()[0]) else "tea"}
            for t in sorted(self.titles)
        )

    @property
    def profiles(self) -> pl.DataFrame:
        users = sorted({str(i["user_id"]) for i in self._interests})
        return PROFILES.rows(
            {
                "user_id": u,
                "text": "country: Chad\n1. old (view) | x",
                "lines": [{"text": "old (view) | x", "rows": [0]}],
            }
            for u in users
        )


@pytest.fixture
def shop() -> Shop:
    """Six others buy a kettle and then a cup, a spade and then seeds; Ann has a kettle and a spade, Bob a cup."""
    shop = Shop()
    for n in range(6):
        shop.buy(f"other {n}", "copper kettle", 60 - n)
        shop.buy(f"other {n}", "porcelain cup", 50 - n)
        shop.buy(f"other {n}", "steel spade", 40 - n)
        shop.buy(f"other {n}", "tomato seeds", 30 - n)
    for title in (*TEA[2:], *GARDEN[2:]):
        shop.buy("collector", title, 20)
    kettle, spade = shop.buy("ann", "copper kettle", 50), shop.buy("ann", "steel spade", 45)
    shop.buy("ann", "honey spoon", 4)
    shop.likes("ann", "tea time", [kettle], 0.6)
    shop.likes("ann", "garden work", [spade], 0.4)
    shop.likes("bob", "tea time", [shop.buy("bob", "porcelain cup", 90)], 1.0)
    return shop


@pytest.fixture
def fake_model() -> type[FakeModel]:
    return FakeModel
