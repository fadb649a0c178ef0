"""Supervised fine-tuning: the answer's tokens are learned, the question's are read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from intentrec.alignment.config import AlignmentConfig
from intentrec.alignment.recipes.estimate import Estimate, check, estimate
from intentrec.alignment.recipes.keys import training_key
from intentrec.alignment.recipes.opening import PURPOSE, open_for_training
from intentrec.alignment.recipes.planning import Schedule
from intentrec.alignment.recipes.recipe import Figure, Place, Trained
from intentrec.alignment.recipes.result import finished
from intentrec.alignment.recipes.tokens import read_samples
from intentrec.alignment.samples import Sample
from intentrec.extras import require


def train_sft(
    samples: Sequence[Sample], base: str, config: AlignmentConfig, place: Place, *, start: Path | None = None,
    figure: Figure | None = None,
) -> Trained:  # fmt: skip
    """Teach a model to give the samples' answers to their questions.

    An interrupted training goes on after its last checkpoint and comes to the same weights; an equal one that is
    finished is found. Under `accelerate launch` or `torchrun` every process works on its share of each step.

    Args:
        samples: Their order is part of the key.
        base: Where the base weights are, as `load_causal_lm` takes it.
        config: `[alignment]`.
        place: Where results and checkpoints go.
        start: Folder of an adapter to go on from; None begins anew.
        figure: Judges the model every `config.eval_every` steps; the best is kept. Without it the last is.

    Raises:
        DataError: There is nothing to learn from.
        ConfigError: The model cannot be had or does not fit, or the loss is no number.
        WorkspaceError: A checkpoint could not be written.
        MissingExtra: A package is missing.
    """
    trl: Any = require("trl", PURPOSE)
    key = training_key("sft", config, base, start, map(_told, samples))
    done = finished(place, key)
    if done is not None:
        return done
    from intentrec.alignment.recipes.running import Running
    from intentrec.alignment.recipes.sft_trainer import SupervisedTrainer

    opened = open_for_training(base, config, start)
    read = read_samples(samples, opened.tokenizer, config.max_tokens)
    schedule = Schedule.of(read.rows, config)
    check(estimate(opened, schedule.work(), config), config.most_hours, yes=place.yes)
    running = Running(
        "sft", key, base, opened, config, place, figure, schedule.steps, schedule.tokens, read.figures
    )  # fmt: skip

    def made(watch: Any) -> Any:
        settings = trl.SFTConfig(
            **running.arguments(config.rate if config.lora_rank else config.full_rate),
            gradient_accumulation_steps=schedule.shape.parts, dataset_kwargs={"skip_prepare_dataset": True},
        )  # fmt: skip
        return SupervisedTrainer(read.rows, schedule.plan, watch.count, **running.parts(settings, watch))

    return running.run(made)


def estimate_sft(samples: Sequence[Sample], base: str, config: AlignmentConfig, start: Path | None = None) -> Estimate:
    """What `train_sft` would take; it loads the model, and raises what `train_sft` does."""
    opened = open_for_training(base, config, start)
    rows = read_samples(samples, opened.tokenizer, config.max_tokens).rows
    return estimate(opened, Schedule.of(rows, config).work(), config)


def _told(sample: Sample) -> object:
    return [[[message.role, message.content] for message in sample.messages], sample.answer]
