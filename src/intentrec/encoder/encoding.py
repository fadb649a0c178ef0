"""Texts to vectors in bulk: texts of like length together, each different text once, half precision in the store."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from intentrec.encoder.backbone import Opened
from intentrec.encoder.batches import by_tokens, padded
from intentrec.encoder.vocabulary import Tokens
from intentrec.progress import SILENT, Progress
from intentrec.text.store import VectorStore

Halves = NDArray[np.float16]
_TOKENS_AT_ONCE = 2048
"""On two cores larger batches gain nothing and need more memory; a GPU is given more."""
_GPU_TOKENS_AT_ONCE = 65_536


@dataclass
class Coder:
    """Encodes texts with one trained model and remembers what it has encoded.

    Attributes:
        opened: The model, and the vocabulary that made the texts.
        version: Hash of the model: part of every key of the store.
        store: Vectors by the hash of model and text.
        device: Where the model is.
        dtype: Arithmetic of the model.
        n_encoded: Texts that ran through the model so far.
        n_tokens: Their tokens.
    """

    opened: Opened
    version: str
    store: VectorStore[np.float16]
    device: str = "cpu"
    dtype: torch.dtype = torch.float32
    progress: Progress = SILENT
    n_encoded: int = 0
    n_tokens: int = 0

    def encode(self, texts: Sequence[Tokens], label: str = "encoding texts") -> Halves:
        """Unit rows (n, D) in half precision, in the order of the texts; a text in the store costs nothing."""
        keys = [self._key(tokens) for tokens in texts]
        missing = {key: tokens for key, tokens in zip(keys, texts, strict=True) if key not in self.store}
        if missing:
            self._run(missing, label)
        if not keys:
            return np.empty((0, self.opened.backbone.width), dtype=np.float16)
        return self.store.rows(keys)

    def _run(self, missing: dict[bytes, Tokens], label: str) -> None:
        keys, texts = list(missing), list(missing.values())
        with self.progress.track(label, len(texts)) as advance:
            waiting: list[tuple[list[bytes], Halves]] = []
            for places in by_tokens(texts, self._at_once):
                vectors = self.vectors([texts[place] for place in places])
                waiting.append(([keys[place] for place in places], vectors))
                advance(len(places))
                if sum(len(some) for some, _ in waiting) >= self.store.per_segment:
                    self._put(waiting)
            self._put(waiting)
        self.n_encoded += len(texts)
        self.n_tokens += sum(map(len, texts))

    def _put(self, waiting: list[tuple[list[bytes], Halves]]) -> None:
        if waiting:
            self.store.add([key for keys, _ in waiting for key in keys], np.concatenate([v for _, v in waiting]))
            waiting.clear()

    def vectors(self, texts: Sequence[Tokens]) -> Halves:
        """What the model says of texts that fit into memory together; nothing is remembered."""
        ids, lengths = padded(texts, self.opened.vocabulary.padding, self.device)
        kind = self.device.split(":")[0]
        with torch.inference_mode(), torch.autocast(kind, self.dtype, enabled=self.dtype != torch.float32):
            found = self.opened.backbone(ids, lengths)
        halves: Halves = found.cpu().numpy().astype(np.float16)
        return halves

    @property
    def _at_once(self) -> int:
        return _GPU_TOKENS_AT_ONCE if self.device.startswith("cuda") else _TOKENS_AT_ONCE

    def _key(self, tokens: Tokens) -> bytes:
        return hashlib.blake2b(tokens.tobytes(), digest_size=16, key=self.version.encode()).digest()


def prefix(vectors: NDArray[np.floating], width: int) -> NDArray[np.float32]:
    """The first coordinates as unit rows (n, width)."""
    cut = vectors[:, :width].astype(np.float32)
    lengths = np.linalg.norm(cut, axis=1, keepdims=True)
    return np.asarray(cut / np.maximum(lengths, 1e-12), dtype=np.float32)
