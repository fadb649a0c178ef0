"""Training of all parts, and of what each counts: on a validation window that none has seen, then on everything."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.data.log import DAY
from intentrec.errors import ConfigError
from intentrec.progress import SILENT, Progress
from intentrec.retrieval.blend import Blend
from intentrec.retrieval.memory import PARTS, Memory
from intentrec.tables import CATALOGUE
from intentrec.towers.config import TowersConfig
from intentrec.towers.data import TrainingData
from intentrec.towers.pooled import Pooled, fit_pooled
from intentrec.towers.sequence import HeldOut, SequenceTower, train_sequence
from intentrec.towers.towers import Towers
from intentrec.towers.weighing import weigh


def fit(
    events: pl.DataFrame,
    items: pl.DataFrame,
    *,
    as_of: datetime,
    kinds: Mapping[str, float],
    config: TowersConfig,
    item_tags: pl.DataFrame | None = None,
    item_text: NDArray[np.floating] | None = None,
    tag_text: NDArray[np.floating] | None = None,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress = SILENT,
    checkpoint: Path | None = None,
) -> Towers:
    """Train the towers on what was known before `as_of`.

    Args:
        events: Rows of `EVENTS`; those at or after `as_of` are not read.
        items: Rows of `ITEMS`.
        as_of: Exclusive, with a time zone.
        kinds: Weight of each kind of event with the role "intent"; other kinds are not read.
        config: What to train.
        item_tags: `item_id, phrase, category` of the catalogue; without it the tag tower stays untrained.
        item_text: A text vector for each row of `items`, in its order.
        tag_text: A text vector for each row of `item_tags`, for `tag_tower = "text"`.
        seed: Of every random draw: same input and seed, same towers on the same machine.
        device: Where torch computes.
        progress: Advanced by one for each step.
        checkpoint: A file from which an interrupted training of the sequence part goes on; None to keep nothing.

    Raises:
        DataError: The tables do not fit, or there is nothing to learn from.
        ConfigError: The loss is not finite, or the parts and the way of validation do not go together.
    """
    if config.validation == "last" and "pooled" in config.parts:
        raise ConfigError(
            'towers.validation is "last", and the pooled part learns from moments in time, which cannot leave out the '
            'last event of each user. Take "pooled" out of towers.parts, or validate on a window.'
        )
    data = TrainingData.build(
        events,
        items,
        as_of=as_of,
        kinds=kinds,
        config=config,
        item_tags=CATALOGUE.empty() if item_tags is None else item_tags,
        item_text=item_text,
        tag_text=tag_text,
    )
    kept = events.filter(
        pl.col("timestamp") < as_of,
        pl.col("event").is_in(list(kinds)),
        pl.col("item_id").is_in(list(data.catalogue.items.names)),
    )
    return _Fit(data, config, kept, items, as_of, seed, device, progress, checkpoint).towers()


def validation_of(data: TrainingData, config: TowersConfig) -> HeldOut:
    """What the settings hold out of the data."""
    if config.validation == "last":
        return HeldOut(last=True)
    if not config.validation_days:
        return HeldOut()
    return HeldOut(since=data.end - config.validation_days * DAY)


@dataclass(frozen=True)
class _Fit:
    data: TrainingData
    config: TowersConfig
    events: pl.DataFrame
    items: pl.DataFrame
    as_of: datetime
    seed: int
    device: str
    progress: Progress
    checkpoint: Path | None

    def towers(self) -> Towers:
        """All parts, then what each counts."""
        pooled = sequence = None
        if "pooled" in self.config.parts:
            pooled = fit_pooled(self.data, self.config, seed=self.seed, device=self.device, progress=self.progress)
        if "sequence" in self.config.parts:
            sequence = train_sequence(
                self.data, self.config.sequence, held_out=validation_of(self.data, self.config), seed=self.seed,
                device=self.device, progress=self.progress, checkpoint=self.checkpoint,
            )  # fmt: skip
        whole = self._put_together(pooled, sequence, self.events, self.as_of)
        held_out = self._held_out(pooled, sequence)
        if held_out is None:
            return whole
        blend = self._blend(held_out)
        return replace(whole, blend=blend, held_out=replace(held_out, blend=blend))

    def _put_together(
        self, pooled: Pooled | None, sequence: SequenceTower | None, events: pl.DataFrame, as_of: datetime
    ) -> Towers:
        items, config = self.data.catalogue.items, self.config
        memory = Memory.fit(events, items.names, as_of, config.memory) if "memory" in config.parts else None
        names = [name for name, part in (("pooled", pooled), ("sequence", sequence)) if part is not None]
        fresh = ~items.mask(events["item_id"]) if "fresh" in config.parts else None
        # Without validation the vectors count; a memory has no scale beside them, and is all there is without them.
        blend = Blend.equal(names or PARTS)
        return Towers(config, as_of, items, self.data.kinds, pooled, sequence, memory, blend, fresh)

    def _held_out(self, pooled: Pooled | None, sequence: SequenceTower | None) -> Towers | None:
        """The parts as they were before the validation window, or without each user's last event."""
        parts = [part.held_out for part in (pooled, sequence) if part is not None]
        if any(part is None for part in parts) or not (parts or validation_of(self.data, self.config)):
            return None
        events, _, as_of = self._split()
        return self._put_together(
            None if pooled is None else pooled.held_out, None if sequence is None else sequence.held_out, events, as_of
        )

    def _split(self) -> tuple[pl.DataFrame, pl.DataFrame, datetime]:
        """What the held-out parts know, what they are to foresee, and when."""
        if self.config.validation == "last":
            last = self._last()
            past, later = (self.events.join(last, on=["user_id", "row"], how=how) for how in ("anti", "semi"))
            return past, later, self.as_of
        as_of = datetime.fromtimestamp(self.data.end - self.config.validation_days * DAY, UTC)
        known = pl.col("timestamp") < as_of
        return self.events.filter(known), self.events.filter(~known), as_of

    def _last(self) -> pl.DataFrame:
        """The last event of each user with more than one."""
        ordered = self.events.sort("user_id", "timestamp", "row")
        return ordered.filter(pl.len().over("user_id") > 1).group_by("user_id").agg(pl.col("row").last())

    def _blend(self, held_out: Towers) -> Blend:
        past, later, _ = self._split()
        return weigh(held_out, past, later, self.items, self.config, self.seed)
