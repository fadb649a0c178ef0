"""The item side: a row of its own, attributes and frozen text, added up."""

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from intentrec.towers.catalogue import Catalogue
from intentrec.towers.sequence.config import SequenceConfig

_STD = 0.02
_TEXT_SCALE = 0.3
"""Text vectors have 384 unit coordinates: their linear map starts near the size that rows grow to."""


class ItemSide(nn.Module):
    """Vectors of items: id row + attributes + text, (n, width + context_width); for inputs and outputs alike.

    The rows themselves, (N, width + context_width), are no parameter of the module: training hands in those that it
    needs. An item without an event, or one whose id is hidden, gets a learned row that stands for "unknown".
    """

    fixed: Tensor
    text: Tensor

    def __init__(self, catalogue: Catalogue, config: SequenceConfig) -> None:
        super().__init__()
        self.config = config
        vector = config.width + config.context_width
        self.unknown = nn.Parameter(torch.zeros(vector))
        sizes = catalogue.sizes if config.item_features else ()
        features = [nn.Embedding(size, vector) for size in sizes]
        for table in features:
            nn.init.normal_(table.weight, std=_STD)
        self.features = nn.ModuleList(features)
        text = _standard(catalogue.text) if config.item_text and catalogue.text is not None else None
        self.words = None if text is None else nn.Linear(text.shape[1], vector)
        self.register_buffer("fixed", torch.from_numpy(catalogue.fixed), persistent=False)
        self.register_buffer("text", text, persistent=False)

    def forward(self, ids: Tensor, rows: Tensor, known: Tensor) -> Tensor:
        """Vectors of some items.

        Args:
            ids: (n,).
            rows: Their own rows, (n, width + context_width).
            known: Whether the id counts, (n,).
        """
        vectors = torch.where(known[:, None], rows, self.unknown)
        fixed = self.fixed[ids]
        for column, table in enumerate(self.features):
            vectors = vectors + table(fixed[:, column])
        if self.words is not None:
            text = dropout(self.text[ids], self.config.text_dropout, self.training)
            vectors = vectors + _TEXT_SCALE * self.words(text)
        return vectors


def start_rows(n_items: int, config: SequenceConfig) -> Tensor:
    """Item rows before training, (N, width + context_width)."""
    return torch.randn(n_items, config.width + config.context_width) * _STD


def _standard(text: object) -> Tensor:
    """Centred, with coordinates of about unit size: text vectors share most of their direction."""
    vectors = torch.as_tensor(text, dtype=torch.float32)
    vectors = vectors - vectors.mean(dim=0)
    scaled: Tensor = vectors / vectors.std().clamp_min(1e-6) if len(vectors) > 1 else vectors
    return scaled
