"""Text vectors kept between runs, by the hash of their text, so that only new texts run the model."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from intentrec.progress import SILENT, Progress
from intentrec.text.store import KEY_BYTES, VectorStore


class _Backend(Protocol):
    @property
    def model_id(self) -> str: ...

    @property
    def width(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


class CachedEmbedder:
    """An embedder that remembers; see `VectorStore`. `n_embedded` and `n_unreadable` say what happened."""

    def __init__(self, backend: _Backend, folder: Path | None, progress: Progress = SILENT) -> None:
        self.model_id = backend.model_id
        self.n_embedded = 0
        self._backend, self._progress = backend, progress
        self._store: VectorStore[np.float32] = VectorStore(folder, self.model_id)

    @property
    def n_unreadable(self) -> int:
        """Segments that could not be read and were deleted."""
        return self._store.n_unreadable

    @property
    def width(self) -> int:
        """Length of a vector; loads the model only where the cache is empty."""
        return self._store.width or self._backend.width

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows (n, width)."""
        keys = [_key(text) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._store}
        if missing:
            self._add(missing)
        if not keys:
            return np.empty((0, self.width), dtype=np.float32)
        return self._store.rows(keys)

    def _add(self, missing: dict[bytes, str]) -> None:
        with self._progress.track("embedding texts", len(missing)) as advance:
            for part in self._parts(sorted(missing.items(), key=lambda entry: (len(entry[1]), entry[0]))):
                keys, texts = [key for key, _ in part], [text for _, text in part]
                self._store.add(keys, self._backend.embed(texts))
                self.n_embedded += len(part)
                advance(len(part))

    def _parts(self, entries: list[tuple[bytes, str]]) -> Iterator[list[tuple[bytes, str]]]:
        for start in range(0, len(entries), self._store.per_segment):
            yield entries[start : start + self._store.per_segment]


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:KEY_BYTES]
