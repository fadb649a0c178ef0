"""Settings of one training run: plain data, read by both environments."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from itertools import product
from random import Random
from typing import Any, Literal, Self

Model = Literal["sasrec", "sasrec-ss", "esasrec", "bert4rec"]


@dataclass(frozen=True)
class Settings:
    """What is trained and how.

    Attributes:
        model: sasrec (full softmax), sasrec-ss (sampled softmax), esasrec (LiGR layers, sampled softmax) or bert4rec.
        seed: Of weights, batches, dropout and negatives.
        epochs: Most epochs; exactly these where there is no validation.
        patience: Epochs without a better validation NDCG@10 after which training stops.
        validate_every: Epochs between validations.
        batch: Users in one step.
        n_factors: Width.
        n_blocks: Layers.
        n_heads: Attention heads.
        session_max_len: Most recent events that are looked at.
        dropout: Of embeddings, attention and feed-forward layers.
        n_negatives: Uniform negatives of each position, where the loss samples.
        ff_multiplier: Width of LiGR's feed-forward layer over `n_factors`.
        mask_prob: Share of masked items (bert4rec).
        lr: Of Adam.
        threads: Of torch.
        mask_padding: Whether attention leaves out padding. RecTools' SASRec attends to it unless told not to.
        real_positions: Compute only what is not padding: the same loss (`worker.positions`), several times faster on
            short histories. False is RecTools as it comes.
        limit_steps: Steps of one epoch, for measurements of speed; 0 means all.
    """

    model: Model
    seed: int = 0
    epochs: int = 200
    patience: int = 50
    validate_every: int = 1
    batch: int = 128
    n_factors: int = 64
    n_blocks: int = 1
    n_heads: int = 1
    session_max_len: int = 50
    dropout: float = 0.2
    n_negatives: int = 256
    ff_multiplier: int = 4
    mask_prob: float = 0.15
    lr: float = 1e-3
    threads: int = 1
    mask_padding: bool = True
    real_positions: bool = True
    limit_steps: int = 0

    def __post_init__(self) -> None:
        if self.real_positions and not self.mask_padding:
            raise ValueError("real_positions needs mask_padding: without it, padding takes part in attention.")

    @property
    def key(self) -> str:
        """Model, seed and a hash of everything else, as a file name."""
        rest = {name: value for name, value in asdict(self).items() if name not in ("model", "seed", "threads")}
        digest = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()[:10]
        return f"{self.model}-{digest}-seed{self.seed}"

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """From JSON.

        Raises:
            ValueError: A name is unknown.
        """
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"Unknown settings {', '.join(unknown)}.")
        return cls(**values)


SPACE: dict[str, tuple[Any, ...]] = {
    "n_factors": (64, 128),
    "dropout": (0.2, 0.5),
    "lr": (1e-3, 5e-4),
    "n_blocks": (1, 2),
}
"""Search space of all models, around what arXiv 2508.06450 chose for Beauty (64, 0.2, 1e-3, 1)."""


def trials_of(base: Settings, space: dict[str, tuple[Any, ...]], trials: int, seed: int = 0) -> list[Settings]:
    """The base itself, then other points of the grid drawn without repetition; at most `trials` in all."""
    points = [replace(base, **dict(zip(space, values, strict=True))) for values in product(*space.values())]
    others = [point for point in points if point != base]
    Random(seed).shuffle(others)
    return [base, *others][:trials]
