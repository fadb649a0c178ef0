"""The one seam to text embeddings: texts in, unit vectors out."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from intentrec.progress import SILENT, Progress
from intentrec.text.cache import CachedEmbedder
from intentrec.text.config import TextConfig
from intentrec.text.hashing import HashingEmbedder
from intentrec.text.transformer import TransformerEmbedder


class Embedder(Protocol):
    """Turns texts into vectors whose cosine says how near their meanings are."""

    @property
    def model_id(self) -> str:
        """Names the model and every setting that changes its vectors."""
        ...

    @property
    def width(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows (n, width), in the order of the texts; the same text always has the same row."""
        ...


def open_embedder(
    config: TextConfig, cache: Path | None, progress: Progress = SILENT, device: str = "cpu", *, remember: bool = True
) -> Embedder:
    """The embedder that the config names; nothing is loaded before the first text that the cache does not hold.

    Args:
        cache: Folder where vectors are kept between runs, one folder per model inside; None keeps them in memory only.
        device: Where a transformer runs. Vectors of different devices differ in their last digits.
        remember: Whether texts keep their vectors; not in a server, which reads the words of strangers without end.

    Raises:
        MissingExtra: The package of the model is not installed.
        ConfigError: The model cannot be loaded.
    """
    if config.model == "hashing":
        return HashingEmbedder(config.hashing_width)
    backend = TransformerEmbedder(config.model, config.max_tokens, config.batch_size, device)
    return CachedEmbedder(backend, _folder(cache, backend.model_id), progress) if remember else backend


def _folder(cache: Path | None, model_id: str) -> Path | None:
    if cache is None:
        return None
    name = "".join(c if c.isalnum() else "-" for c in model_id)[-60:].strip("-")
    return cache / f"{name}-{hashlib.sha256(model_id.encode()).hexdigest()[:8]}"
