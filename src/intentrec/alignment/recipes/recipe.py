"""What all recipes are given and give back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from intentrec.progress import SILENT, Progress

Figure = Callable[[Any, Any], float]
"""Judges a model in the middle of its training, given the model and its tokenizer; higher is better. The model is in
evaluation mode and must be left as it is."""


@dataclass(frozen=True)
class Place:
    """Where a training works, and how it tells of itself.

    Attributes:
        out: Folder of the result; it appears when it is complete. What stood there before is replaced then.
        cache: Folder for checkpoints. Each training has one of its own within it, named by all that it depends on.
        progress: Told about tokens.
        yes: Begin even what the estimate says will not fit or will take too long.
        merged: Write the whole model with the adapter in it, too, to `out / "merged"`.
    """

    out: Path
    cache: Path
    progress: Progress = SILENT
    yes: bool = False
    merged: bool = False


@dataclass(frozen=True)
class Trained:
    """A finished training.

    Attributes:
        folder: `adapter_model.safetensors`, `adapter_config.json` and `adapter.gguf`; with `lora_rank` 0 the whole
            model as transformers reads it; and `training.json`, which holds what stands here.
        method: sft, dpo or grpo.
        key: Hash of samples, settings, base and beginning: an equal training need not be run again.
        figures: Numbers for the card: steps, epochs, samples, left_out (too long), tokens, tokens_per_second, seconds,
            loss, and by method further means over the last steps.
        judged: (step, figure) in the order they were judged; empty without a `Figure`.
        best_step: The step whose model was kept.
        stopped_early: Whether patience ended it.
    """

    folder: Path
    method: str
    key: str
    figures: Mapping[str, float]
    judged: tuple[tuple[int, float], ...] = ()
    best_step: int = 0
    stopped_early: bool = False
    settings: Mapping[str, object] = field(default_factory=dict)
