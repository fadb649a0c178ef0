"""The plain way to train a dual encoder, for comparison: sentence-transformers in an ordinary PyTorch loop.

It has the same weights, vocabulary, texts, batches, optimiser, clipping and schedule as `intentrec.encoder`, reads its
texts as strings, and pads each side of a batch to its longest text. The loss is MultipleNegativesRankingLoss: InfoNCE
against the other pairs' items, without masking what a user took at another time.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from torch import nn

from intentrec.encoder.backbone import Opened, precision_of
from intentrec.encoder.config import EncoderConfig
from intentrec.encoder.vocabulary import Tokens, Vocabulary
from intentrec.llm.torch_weights import quiet

PairTexts = tuple[list[str], list[str]]
"""What one step reads: a text of each user, and one of each user's item."""
_CLIP = 1.0


class PlainLoop:
    """Trains with sentence-transformers.

    Args:
        opened: Whose weights and vocabulary to begin with; they stay as they are.
        config: Rates, temperature, precision.
        steps: Of the whole training, for the schedule.
        device: Where torch computes.
    """

    def __init__(self, opened: Opened, config: EncoderConfig, steps: int, device: str) -> None:
        self.model = _sentence_transformer(opened, device)
        self.device = device
        self.dtype = precision_of(config, device)
        self.loss = MultipleNegativesRankingLoss(self.model, scale=1 / config.temperature)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=config.rate, weight_decay=config.weight_decay)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimiser, lambda step: _factor(step, steps, config.warmup)
        )
        self.n_tokens = 0

    def train(self, batches: Sequence[PairTexts]) -> list[float]:
        """One step a batch; the loss of each."""
        self.model.train()
        return [self._step(users, items) for users, items in batches]

    def _step(self, users: list[str], items: list[str]) -> float:
        features = []
        for texts in (users, items):
            made = self.model.preprocess(texts)
            self.n_tokens += int(made["attention_mask"].sum())
            features.append({name: _moved(value, self.device) for name, value in made.items()})
        with torch.autocast(self.device.split(":")[0], self.dtype, enabled=self.dtype != torch.float32):
            loss = self.loss(features, None)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), _CLIP)
        self.optimiser.step()
        self.schedule.step()
        return float(loss.detach())


def rendered(texts: Sequence[Tokens], vocabulary: Vocabulary) -> list[str]:
    """Prompts as strings, without what the tokenizer puts around every text by itself."""
    first, last = (len(end) for end in vocabulary.ends)
    return [vocabulary.read(tokens[first : len(tokens) - last]) for tokens in texts]


def _sentence_transformer(opened: Opened, device: str) -> SentenceTransformer:
    with TemporaryDirectory() as name, quiet():
        folder = Path(name)
        opened.backbone.model.save_pretrained(folder)
        opened.vocabulary.tokenizer.save_pretrained(folder)
        reader = Transformer(str(folder))
    pooling = Pooling(opened.backbone.width, "lasttoken" if opened.backbone.pooling == "last" else "mean")
    return SentenceTransformer(modules=[reader, pooling], device=device)


def _factor(step: int, steps: int, warmup: float) -> float:
    rising = max(1.0, warmup * steps)
    return min((step + 1) / rising, max(0.0, (steps - step) / max(1.0, steps - rising)))


def _moved(value: object, device: str) -> object:
    return value.to(device) if isinstance(value, torch.Tensor) else value
