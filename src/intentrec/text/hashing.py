"""Vectors without a model: words and character n-grams hashed into a fixed number of places."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[^\W_]+")
_EMPTY = "<empty>"
_GRAM = 4
_WORD_WEIGHT = 2.0  # a shared word says more than shared letters


class HashingEmbedder:
    """Deterministic vectors of spelling, for tests and for machines without torch.

    Near in spelling is near in space; it knows nothing of synonyms. Every text has a unit vector, the empty one too.
    """

    def __init__(self, width: int = 256) -> None:
        self.width = width
        self.model_id = f"hashing-{width}"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows (n, width)."""
        vectors = np.zeros((len(texts), self.width), dtype=np.float64)
        for vector, text in zip(vectors, texts, strict=True):
            for feature, count in Counter(_features(text)).items():
                place, sign = _place(feature, self.width)
                vector[place] += sign * _weight(feature) * np.sqrt(count)
            if not vector.any():
                vector[_place(_EMPTY, self.width)[0]] = 1.0
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors.astype(np.float32)


def _features(text: str) -> Iterator[str]:
    for word in _WORD.findall(text.lower()):
        yield f" {word} "
        padded = f"^{word}$"
        yield from (padded[i : i + _GRAM] for i in range(len(padded) - _GRAM + 1))


def _weight(feature: str) -> float:
    return _WORD_WEIGHT if feature.startswith(" ") else 1.0


@lru_cache(maxsize=1 << 17)
def _place(feature: str, width: int) -> tuple[int, float]:
    number = int.from_bytes(blake2b(feature.encode(), digest_size=8).digest(), "little")
    return (number >> 1) % width, 1.0 if number & 1 else -1.0
