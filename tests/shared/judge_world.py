"""Good outputs of each task, to be made wrong one way at a time, and standards that need no model of meaning."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentrec.explanations.config import ExplanationsConfig
from intentrec.interests.config import InterestsConfig
from intentrec.judge.cases import ExplanationCase, InterestCase, TagCase, Touch
from intentrec.judge.checks import Standards
from intentrec.judge.config import JudgeConfig
from intentrec.judge.judging import Judge
from intentrec.llm import LanguageModel
from intentrec.tags.config import TagsConfig
from intentrec.text.hashing import HashingEmbedder

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)


class TableEmbedder:
    """Vectors that a test names; other texts are far from everything."""

    model_id = "table"
    width = 64

    def __init__(self, vectors: Mapping[str, Sequence[float]]) -> None:
        self._vectors = vectors
        self._strange: dict[str, int] = {}

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([self._vector(text) for text in texts], dtype=np.float32).reshape(len(texts), self.width)

    def _vector(self, text: str) -> NDArray[np.float64]:
        vector = np.zeros(self.width)
        if text in self._vectors:
            given = np.asarray(self._vectors[text], dtype=np.float64)
            vector[: len(given)] = given / np.linalg.norm(given)
        else:
            vector[8 + self._strange.setdefault(text, len(self._strange)) % (self.width - 8)] = 1.0
        return vector


def standards(language: str = "en", brands: Sequence[str] = ("Bodum",), **judge: Any) -> Standards:
    settings: dict[str, Any] = {"least_support": 0.2, "shown_lines": 5} | judge
    return Standards(
        judge=JudgeConfig(**settings),
        interests=InterestsConfig(),
        tags=TagsConfig(),
        explanations=ExplanationsConfig(),
        language=language,
        brands=frozenset(brands),
        scripts=frozenset({"latin"}) if language == "en" else frozenset({"cyrillic"}),
    )


def judge_of(model: LanguageModel | None = None, **settings: Any) -> Judge:
    return Judge(standards(**settings), HashingEmbedder(), model)


def touches(*texts: str, first: datetime = AS_OF - timedelta(days=60), event: str = "purchase") -> tuple[Touch, ...]:
    """One a day."""
    return tuple(Touch(first + timedelta(days=day), event, text) for day, text in enumerate(texts))


def interest(text: str = "tea cups", **changes: Any) -> InterestCase:
    values: dict[str, Any] = {
        "user_id": "u1", "item_id": None, "interest": text, "text": text, "reason": "Cups were bought on three days.",
        "writer": "m", "prompt_version": "p@1", "as_of": AS_OF, "listed": False,
        "evidence": touches("china tea cup", "blue tea cups", "tea cup holder"), "n_missing": 0, "others": (),
    }  # fmt: skip
    return InterestCase(**values | changes)


def tag(text: str = "porcelain tea pot", **changes: Any) -> TagCase:
    values: dict[str, Any] = {
        "user_id": "u1", "item_id": None, "interest": "tea pots", "text": text, "reason": "Close in kind to tea cups.",
        "writer": "m", "prompt_version": "p@1", "as_of": AS_OF, "known": True, "interest_reason": "Pots were bought.",
        "history": ("china tea cup", "tea strainer"), "recent": ("tea strainer",), "others": ("cake stand",),
    }  # fmt: skip
    return TagCase(**values | changes)


def explanation(text: str = "Pours tea for two on a quiet afternoon", **changes: Any) -> ExplanationCase:
    values: dict[str, Any] = {
        "user_id": None, "item_id": "i1", "interest": "tea time", "text": text, "reason": "", "writer": "m",
        "prompt_version": "explanations/explain.en@1", "as_of": AS_OF, "composed": True,
        "facts": (("title", "CHINA TEA POT FOR TWO"), ("name", "china tea pot for two"), ("category", "tea things")),
    }  # fmt: skip
    return ExplanationCase(**values | changes)
