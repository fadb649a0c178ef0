"""Vectors kept between runs, by the hash of their text, so that only new texts run the model."""

import hashlib
import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from intentrec.progress import SILENT, Progress

_PER_SEGMENT = 4096  # texts between two saves: what a killed run may have to embed again
_KEY_BYTES = 16


class _Backend(Protocol):
    @property
    def model_id(self) -> str: ...

    @property
    def width(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


class CachedEmbedder:
    """An embedder that remembers.

    The folder holds segments: safetensors files with `keys` (n, 16) and `vectors` (n, width), each written once under a
    temporary name and renamed, so neither a kill nor a second process leaves half a file. A segment that cannot be read
    or whose digest is wrong is deleted and its texts are embedded again when they are asked for: a cache holds nothing
    that cannot be made anew. `n_embedded` and `n_unreadable` say what happened.
    """

    def __init__(self, backend: _Backend, folder: Path | None, progress: Progress = SILENT) -> None:
        self.model_id = backend.model_id
        self.n_embedded = 0
        self.n_unreadable = 0
        self._backend, self._folder, self._progress = backend, folder, progress
        self._width: int | None = None
        self._vectors: dict[bytes, NDArray[np.float32]] = {}
        for path in sorted(folder.glob("*.safetensors")) if folder is not None and folder.is_dir() else ():
            self._load(path)

    @property
    def width(self) -> int:
        """Length of a vector; loads the model only where the cache is empty."""
        if self._width is None:
            self._width = self._backend.width
        return self._width

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows (n, width)."""
        keys = [_key(text) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._vectors}
        if missing:
            self._add(missing)
        if not keys:
            return np.empty((0, self.width), dtype=np.float32)
        return np.stack([self._vectors[key] for key in keys])

    def _add(self, missing: dict[bytes, str]) -> None:
        with self._progress.track("embedding texts", len(missing)) as advance:
            for part in _parts(sorted(missing.items(), key=lambda entry: (len(entry[1]), entry[0]))):
                keys, texts = [key for key, _ in part], [text for _, text in part]
                vectors = self._backend.embed(texts)
                self._save(keys, vectors)
                self._vectors.update(zip(keys, vectors, strict=True))
                self.n_embedded += len(part)
                advance(len(part))

    def _save(self, keys: list[bytes], vectors: NDArray[np.float32]) -> None:
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        packed = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(-1, _KEY_BYTES)
        digest = _digest(packed, vectors)
        temporary = self._folder / f".{uuid.uuid4().hex}.tmp"
        try:
            save_file({"keys": packed, "vectors": vectors}, temporary, {"digest": digest, "model_id": self.model_id})
            os.replace(temporary, self._folder / f"{digest[:32]}.safetensors")
        finally:
            temporary.unlink(missing_ok=True)

    def _load(self, path: Path) -> None:
        try:
            with safe_open(path, framework="numpy") as segment:
                keys, vectors = segment.get_tensor("keys"), segment.get_tensor("vectors")
                digest = (segment.metadata() or {}).get("digest")
        except (SafetensorError, OSError):
            digest = None
        if digest is None or digest != _digest(keys, vectors):
            self.n_unreadable += 1
            path.unlink(missing_ok=True)
            return
        self._width = int(vectors.shape[1])
        self._vectors.update((row.tobytes(), vector) for row, vector in zip(keys, vectors, strict=True))


def _parts(entries: list[tuple[bytes, str]]) -> Iterator[list[tuple[bytes, str]]]:
    for start in range(0, len(entries), _PER_SEGMENT):
        yield entries[start : start + _PER_SEGMENT]


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_KEY_BYTES]


def _digest(keys: NDArray[np.uint8], vectors: NDArray[np.float32]) -> str:
    return hashlib.sha256(keys.tobytes() + vectors.tobytes()).hexdigest()
