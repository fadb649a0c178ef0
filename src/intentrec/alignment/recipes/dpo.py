"""Direct preference optimisation (arXiv 2305.18290): the better of two answers becomes likelier than the worse."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from intentrec.alignment.config import AlignmentConfig
from intentrec.alignment.recipes.estimate import Estimate, check, estimate
from intentrec.alignment.recipes.keys import training_key
from intentrec.alignment.recipes.opening import PURPOSE, Opened, check_adapter, open_for_training
from intentrec.alignment.recipes.planning import Schedule
from intentrec.alignment.recipes.recipe import Figure, Place, Trained
from intentrec.alignment.recipes.result import finished
from intentrec.alignment.recipes.tokens import Read, read_samples
from intentrec.alignment.samples import Sample
from intentrec.errors import DataError
from intentrec.extras import require

_TOLD = ("loss", "rewards/accuracies", "rewards/margins")


def train_dpo(
    pairs: Sequence[Sample], base: str, config: AlignmentConfig, place: Place, *, start: Path | None = None,
    figure: Figure | None = None,
) -> Trained:  # fmt: skip
    """Teach a model to prefer each sample's answer to its rejected one.

    Args:
        pairs: Samples with a rejected answer; others are refused.
        base: As in `train_sft`, like all that follows.
        config: `[alignment]`; an adapter is trained in any case.
        place: Where results and checkpoints go.
        start: Adapter to go on from; it is what the model is held to (`config.dpo_beta`).
        figure: Judges the model in between.

    Raises:
        DataError: There is nothing to learn from, or a sample is no pair.
        ConfigError: As `train_sft` does; or `lora_rank` is 0.
        WorkspaceError: A checkpoint could not be written.
        MissingExtra: A package is missing.
    """
    trl: Any = require("trl", PURPOSE)
    check_adapter("dpo", config)
    key = training_key("dpo", config, base, start, map(_told, pairs))
    done = finished(place, key)
    if done is not None:
        return done
    from intentrec.alignment.recipes.dpo_trainer import PreferenceTrainer
    from intentrec.alignment.recipes.running import Running

    opened, read, schedule = _opened(pairs, base, config, start)
    check(_estimated(opened, schedule, config), config.most_hours, yes=place.yes)
    running = Running(
        "dpo", key, base, opened, config, place, figure, schedule.steps, schedule.tokens, read.figures, _TOLD
    )  # fmt: skip

    def made(watch: Any) -> Any:
        settings = trl.DPOConfig(
            **running.arguments(config.dpo_rate), gradient_accumulation_steps=schedule.shape.parts,
            beta=config.dpo_beta, precompute_ref_log_probs=True, max_length=None,
        )  # fmt: skip
        return PreferenceTrainer(read.rows, schedule.plan, watch.count, **running.parts(settings, watch))

    return running.run(made)


def estimate_dpo(pairs: Sequence[Sample], base: str, config: AlignmentConfig, start: Path | None = None) -> Estimate:
    """What `train_dpo` would take; it loads the model, and raises what `train_dpo` does."""
    opened, _, schedule = _opened(pairs, base, config, start)
    return _estimated(opened, schedule, config)


def _opened(
    pairs: Sequence[Sample], base: str, config: AlignmentConfig, start: Path | None
) -> tuple[Opened, Read, Schedule]:
    single = sum(not pair.rejected for pair in pairs)
    if single:
        raise DataError(f"{single} of {len(pairs)} samples have no rejected answer, and dpo learns from pairs.")
    opened = open_for_training(base, config, start)
    read = read_samples(pairs, opened.tokenizer, config.max_tokens)
    return opened, read, Schedule.of(read.rows, config, texts=2)


def _estimated(opened: Opened, schedule: Schedule, config: AlignmentConfig) -> Estimate:
    once = schedule.work(scored_whole=True)
    return estimate(opened, once.with_plain(once.tokens / config.epochs), config)


def _told(pair: Sample) -> object:
    return [[[message.role, message.content] for message in pair.messages], pair.answer, pair.rejected]
