"""Vectors kept between runs under a key of their content."""

import hashlib
import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

KEY_BYTES = 16
_PER_SEGMENT = 4096  # vectors between two saves: what a killed run may have to make again
Number = TypeVar("Number", bound=np.floating[Any])


class VectorStore(Generic[Number]):
    """Vectors by key, in memory and, where there is a folder, on disk.

    The folder holds segments: safetensors files with `keys` (n, 16) and `vectors` (n, width), each written once under a
    temporary name and renamed, so neither a kill nor a second process leaves half a file. A segment that cannot be read
    or whose digest is wrong is deleted and counted in `n_unreadable`: a store holds nothing that cannot be made anew.

    Args:
        folder: Where segments lie; None keeps them in memory only.
        model_id: Whose vectors they are; written into each segment.
    """

    per_segment = _PER_SEGMENT

    def __init__(self, folder: Path | None, model_id: str) -> None:
        self.n_unreadable = 0
        self._folder, self._model_id = folder, model_id
        self._vectors: dict[bytes, NDArray[Number]] = {}
        for path in sorted(folder.glob("*.safetensors")) if folder is not None and folder.is_dir() else ():
            self._load(path)

    def __contains__(self, key: bytes) -> bool:
        return key in self._vectors

    def __len__(self) -> int:
        return len(self._vectors)

    @property
    def width(self) -> int | None:
        """Length of the vectors; None while there is none."""
        return next((len(vector) for vector in self._vectors.values()), None)

    def rows(self, keys: Sequence[bytes]) -> NDArray[Number]:
        """Vectors of keys that are all there, (n, width); at least one key."""
        return np.stack([self._vectors[key] for key in keys])

    def add(self, keys: Sequence[bytes], vectors: NDArray[Number]) -> None:
        """Keep vectors, on disk first."""
        self._save(keys, vectors)
        self._vectors.update(zip(keys, vectors, strict=True))

    def _save(self, keys: Sequence[bytes], vectors: NDArray[Number]) -> None:
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        packed = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(-1, KEY_BYTES)
        digest = _digest(packed, vectors)
        temporary = self._folder / f".{uuid.uuid4().hex}.tmp"
        try:
            save_file({"keys": packed, "vectors": vectors}, temporary, {"digest": digest, "model_id": self._model_id})
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
        self._vectors.update((row.tobytes(), vector) for row, vector in zip(keys, vectors, strict=True))


def _digest(keys: NDArray[np.uint8], vectors: NDArray[Any]) -> str:
    return hashlib.sha256(keys.tobytes() + np.ascontiguousarray(vectors).tobytes()).hexdigest()
