"""Supervised fine-tuning: the answer's tokens are learned, the question's are read."""

import os
from collections.abc import Sequence
from pathlib import Path

from intentrec.alignment.config import AlignmentConfig
from intentrec.alignment.recipes.batches import Plan, Sizes, sizes
from intentrec.alignment.recipes.estimate import Estimate, Work, check, estimate
from intentrec.alignment.recipes.keys import training_key
from intentrec.alignment.recipes.opening import PURPOSE, Opened, open_for_training
from intentrec.alignment.recipes.recipe import Figure, Place, Trained
from intentrec.alignment.recipes.result import finished
from intentrec.alignment.recipes.running import Running
from intentrec.alignment.recipes.tokens import Read, Row, read_samples
from intentrec.alignment.recipes.watch import Watch
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
        samples: In an order that does not matter to what is learned, but to the key.
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
    require("trl", PURPOSE)
    key = training_key("sft", config, base, start, map(_told, samples))
    done = finished(place, key)
    if done is not None:
        return done
    opened = open_for_training(base, config, start)
    read = read_samples(samples, opened.tokenizer, config.max_tokens)
    shape, plan = _planned(read.rows, config)
    check(
        estimate(opened, _work(read.rows, plan, shape), checkpointing=config.gradient_checkpointing),
        config.most_hours,
        yes=place.yes,
    )
    return _run(key, base, opened, read, plan, shape, config, place, figure)


def estimate_sft(samples: Sequence[Sample], base: str, config: AlignmentConfig, start: Path | None = None) -> Estimate:
    """What `train_sft` would take; it loads the model, and raises what `train_sft` does."""
    opened = open_for_training(base, config, start)
    rows = read_samples(samples, opened.tokenizer, config.max_tokens).rows
    shape, plan = _planned(rows, config)
    return estimate(opened, _work(rows, plan, shape), checkpointing=config.gradient_checkpointing)


def _run(
    key: str, base: str, opened: Opened, read: Read, plan: Plan, shape: Sizes, config: AlignmentConfig, place: Place,
    figure: Figure | None,
) -> Trained:  # fmt: skip
    trl = require("trl", PURPOSE)
    from intentrec.alignment.recipes.sft_trainer import SupervisedTrainer

    figures = {"samples": float(len(read.rows)), "left_out": float(read.left_out)}
    lengths = [row.tokens for row in read.rows]
    tokens = sum(lengths[n] for batch in plan for n in batch) // _world()
    steps = len(plan) // (shape.parts * _world())
    running = Running("sft", key, base, opened, config, place, figure, steps, tokens, figures)
    rate = config.rate if config.lora_rank else config.full_rate

    def made(watch: Watch) -> SupervisedTrainer:
        settings = trl.SFTConfig(
            **running.arguments(rate), gradient_accumulation_steps=shape.parts, per_device_train_batch_size=1,
            dataset_kwargs={"skip_prepare_dataset": True},
        )  # fmt: skip
        return SupervisedTrainer(
            read.rows, plan, watch.count, model=opened.model, args=settings, processing_class=opened.tokenizer,
            callbacks=[watch],
        )  # fmt: skip

    return running.run(made)


def _planned(rows: Sequence[Row], config: AlignmentConfig) -> tuple[Sizes, Plan]:
    lengths, world = [row.tokens for row in rows], _world()
    shape = sizes(config.batch_tokens, config.micro_tokens, max(lengths), world)
    plan = Plan.of(lengths, shape.micro, epochs=config.epochs, together=shape.parts * world, seed=config.seed)
    return shape, plan


def _work(rows: Sequence[Row], plan: Plan, shape: Sizes) -> Work:
    tokens = scored = most = 0
    for batch in plan:
        answers = len(batch) * max(len(rows[n].answer) for n in batch)
        tokens += len(batch) * max(rows[n].tokens for n in batch)
        scored, most = scored + answers, max(most, answers)
    return Work(tokens / _world(), scored / _world(), (shape.micro, most))


def _world() -> int:
    """Processes that `accelerate launch` started."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def _told(sample: Sample) -> object:
    return [[[message.role, message.content] for message in sample.messages], sample.answer]
