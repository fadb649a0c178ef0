"""From tables to a trained encoder."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import polars as pl

from intentrec.encoder.backbone import open_backbone, precision_of
from intentrec.encoder.config import EncoderConfig
from intentrec.encoder.data import EncoderData
from intentrec.encoder.encoder import Encoder, Reading
from intentrec.encoder.prompts import ItemTexts, Prompts
from intentrec.encoder.training import Training
from intentrec.encoder.validation import Validation
from intentrec.progress import SILENT, Progress


def fit(
    events: pl.DataFrame,
    items: pl.DataFrame,
    *,
    as_of: datetime,
    kinds: Mapping[str, float],
    config: EncoderConfig,
    impressions: pl.DataFrame | None = None,
    users: pl.DataFrame | None = None,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress = SILENT,
    checkpoint: Path | None = None,
    cache: Path | None = None,
) -> Encoder:
    """Train the encoder on what was known before `as_of` (arXiv 2510.14223, section 3).

    Args:
        events: Rows of `EVENTS`; those at or after `as_of` are not read.
        items: Rows of `ITEMS`. An item without any text is read by its numbers alone; a longer text is cut.
        as_of: Exclusive, with a time zone.
        kinds: Weight of each kind of event with the role "intent"; other kinds are not read.
        config: What to train. With `epochs` 0 the model stays as it is, and only the field tokens are new.
        impressions: Rows of `IMPRESSIONS`; those without a reaction are hard negatives. Without them hard negatives are
            popular items of the positive's category.
        users: Rows of `USERS`, for `config.user_attributes`.
        seed: Of every random draw.
        device: Where torch computes. Start it under `torchrun` within `intentrec.learning.parallel.joined` for several.
        progress: Told about pairs and texts.
        cache: Folder for vectors, so that what is encoded here is not encoded again; None to keep none.
        checkpoint: A file from which an interrupted training goes on; None to keep nothing.

    Raises:
        DataError: The tables do not fit, or there is nothing to learn from.
        ConfigError: The model cannot be had, texts of these budgets do not fit into it, or the loss is not finite.
        MissingExtra: A package is missing.
    """
    opened = open_backbone(config, seed)
    data = EncoderData.build(events, items, impressions, as_of=as_of, kinds=kinds, config=config)
    prompts = Prompts(opened.vocabulary, config, ItemTexts.of(data.frame, opened.vocabulary, config))
    history = []
    if config.epochs:
        attributes = prompts.attributes(users, data.users.names)
        training = Training(
            opened, data, prompts, attributes, seed=seed, device=device, progress=progress, checkpoint=checkpoint
        )
        validation = None
        if config.validation_users:
            validation = Validation.of(
                data, prompts, attributes, seed=seed, device=device, dtype=precision_of(config, device),
                progress=progress,
            )  # fmt: skip
        history = training.run(validation)
    opened.backbone.to(device).eval()
    weights = {name: float(weight) for name, weight in kinds.items()}
    encoder = Encoder(config, as_of, weights, opened, history, device)
    if not config.narrow_steps or len(config.widths) == 1:
        return encoder
    return encoder.narrowed(Reading(data, prompts, users), encoder.coder(cache, progress), seed)
