"""What a training will take, before its first step: memory and time."""

from dataclasses import dataclass, replace
from importlib import import_module
from time import perf_counter
from typing import Any

import torch
from torch.nn import functional

from intentrec.alignment.config import AlignmentConfig
from intentrec.alignment.recipes.opening import Opened
from intentrec.errors import ConfigError

GIB = float(1 << 30)
_FLOAT, _HALF = 4, 2
_PROBE_ROWS, _PROBE_S = 1024, 0.2
_OF_HIDDEN, _OF_INNER = 18, 8
"""Numbers that a block keeps for a token's gradient, in times of its width and of the width of its inner layer:
SmolLM2-135M with adapters in all linear layers kept 2.6 MB a token."""
_IN_PRODUCTS = 0.7
"""Share of a step's time in matrix products, measured on a CPU."""


@dataclass(frozen=True)
class Work:
    """What is to be done.

    Attributes:
        tokens: Read with gradients, padding included, over all epochs and by one process.
        scored: Of those, with logits.
        at_once: Tokens that are worked on together, and how many of them with logits.
        plain: Tokens read or written without gradients.
    """

    tokens: float
    scored: float
    at_once: tuple[int, int]
    plain: float = 0.0

    def with_plain(self, tokens: float) -> "Work":
        """The same, and so many tokens without gradients."""
        return replace(self, plain=tokens)


@dataclass(frozen=True)
class Estimate:
    """What a training takes at its peak and in all, rough.

    Attributes:
        memory: Bytes beyond what this process holds without the model.
        available: Bytes that the device has for it.
        seconds: From the device's speed as it is now.
    """

    memory: float
    available: float
    seconds: float

    def __str__(self) -> str:
        return f"{self.memory / GIB:.1f} GB of memory ({self.available / GIB:.1f} are free), about {told(self.seconds)}"


def told(seconds: float) -> str:
    """A time as people say it."""
    return f"{seconds / 3600:.1f} hours" if seconds > 5400 else f"{max(1, round(seconds / 60))} minutes"


def estimate(opened: Opened, work: Work, config: AlignmentConfig) -> Estimate:
    """Memory and time of a training of this model."""
    checkpointing = config.gradient_checkpointing
    return Estimate(
        _memory(opened, work, checkpointing), available(opened.device), _seconds(opened, work, checkpointing)
    )


def check(found: Estimate, most_hours: float, *, yes: bool) -> None:
    """Refuse what does not fit.

    Raises:
        ConfigError: There is not enough memory, or it would take too long.
    """
    if yes:
        return
    if found.memory > found.available:
        raise ConfigError(
            f"This training needs {found}. Lower alignment.micro_tokens or lora_rank, set gradient_checkpointing, or "
            "take a smaller base model; --yes tries it all the same."
        )
    if found.seconds > most_hours * 3600:
        raise ConfigError(
            f"This training would take about {told(found.seconds)}, and alignment.most_hours is {most_hours:g}. Take "
            "fewer samples or epochs, or raise it; --yes begins it all the same."
        )


def available(device: str) -> float:
    """Bytes that are free, with what the loaded model holds already."""
    if device == "cuda":
        return float(torch.cuda.mem_get_info()[0])
    psutil: Any = import_module("psutil")  # comes with accelerate
    return float(psutil.virtual_memory().available)


def _memory(opened: Opened, work: Work, checkpointing: bool) -> float:
    config = opened.model.config
    wide = _HALF if opened.half else _FLOAT
    weights = opened.weights * wide if opened.trained < opened.weights else opened.weights * _FLOAT
    learned = opened.trained * 3 * _FLOAT  # gradients and both of Adam's means
    layers, hidden, inner = config.num_hidden_layers, config.hidden_size, config.intermediate_size
    a_layer = _OF_HIDDEN * hidden + _OF_INNER * inner
    kept = layers * hidden + a_layer if checkpointing else layers * a_layer
    at_once, scored = work.at_once
    logits = 3 * scored * config.vocab_size * _FLOAT  # themselves, their logarithms, the gradient
    held = weights if opened.device == "cpu" else 0.0  # loaded before free memory is read
    return float(weights + learned + at_once * kept * wide + logits - held)


def _seconds(opened: Opened, work: Work, checkpointing: bool) -> float:
    config = opened.model.config
    head = config.vocab_size * config.hidden_size
    body = opened.weights - head * (1 if config.tie_word_embeddings else 2)
    frozen = opened.trained < opened.weights
    a_token = body * (2 + 2 + (0 if frozen else 2) + (2 if checkpointing else 0)) + 2 * opened.trained * frozen
    products = work.tokens * a_token + work.scored * head * (4 if frozen else 6) + work.plain * 2 * (body + head)
    return float(products / (_speed(config, opened.device) * _IN_PRODUCTS))


def _speed(config: Any, device: str) -> float:
    """Floating point operations a second in the model's commonest product."""
    rows = torch.ones(_PROBE_ROWS, config.hidden_size, device=device)
    weight = torch.ones(config.intermediate_size, config.hidden_size, device=device)
    float(functional.linear(rows, weight)[0, 0])
    done, began = 0, perf_counter()
    while perf_counter() - began < _PROBE_S:
        float(functional.linear(rows, weight)[0, 0])  # waits for a GPU
        done += 1
    return done * 2 * rows.numel() * len(weight) / (perf_counter() - began)
