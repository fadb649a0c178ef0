"""Everything that the encoder learns from, coded and as of one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.codes import Codes, Ints
from intentrec.data.asof import existing
from intentrec.data.log import DAY, Log, seconds
from intentrec.encoder.config import EncoderConfig
from intentrec.encoder.numbers import ItemNumbers
from intentrec.encoder.timelines import Timeline
from intentrec.errors import DataError
from intentrec.tables import EVENTS

_SHOWN = {"impression": 1.0}
_AS_EVENTS = ("user_id", "item_id", "timestamp", "event", "row")


@dataclass(frozen=True)
class EncoderData:
    """Events, impressions and items before `end`.

    Attributes:
        users: Users with an event or an impression.
        items: In the order of `frame`.
        frame: Rows of `ITEMS` that existed before `end`, ascending by id.
        category: Code of each item's category, -1 for none, (N,).
        log: Events that show intent, in time order.
        passed: Impressions that the user passed over, in time order.
        histories: What the model reads of users.
        end: Exclusive, in seconds.
    """

    users: Codes
    items: Codes
    frame: pl.DataFrame
    category: Ints
    log: Log
    passed: Log
    histories: Timeline
    end: float
    config: EncoderConfig

    @classmethod
    def build(
        cls, events: pl.DataFrame, items: pl.DataFrame, impressions: pl.DataFrame | None, *, as_of: datetime,
        kinds: Mapping[str, float], config: EncoderConfig,
    ) -> Self:  # fmt: skip
        """Code the tables; see `intentrec.encoder.fit`.

        Raises:
            DataError: There is no item, or two of one id, or `as_of` names no time zone.
        """
        end = seconds(as_of)
        frame = existing(items, as_of).sort("item_id")
        codes = Codes.of(frame["item_id"])
        if not len(codes) or len(codes) < len(frame):
            raise DataError(f"The {len(frame)} items before {as_of} have {len(codes)} ids; each needs one of its own.")
        shown = _passed_over(impressions)
        names = (rows.filter(pl.col("timestamp") < as_of)["user_id"].unique() for rows in (events, shown))
        users = Codes.of(name for column in names for name in column)
        log = Log.of(events, users, codes, kinds, as_of)
        passed = Log.of(shown, users, codes, _SHOWN, as_of)
        histories = Timeline.of(log, passed if config.history == "all" else None)
        return cls(users, codes, frame, _categories(frame), log, passed, histories, end, config)

    @cached_property
    def numbers(self) -> ItemNumbers:
        """Numbers of the items as of any moment before `end`."""
        return ItemNumbers(self.log, _prices(self.frame), self.config.recent_days)

    @property
    def since(self) -> float:
        """Where the validation window begins, in seconds; `end` where there is none."""
        if self.config.validation == "last":
            return self.end
        return self.end - self.config.validation_days * DAY

    def held_out(self) -> NDArray[np.bool_]:
        """The events that validation is to foresee and training never sees, as a mask over `histories`, (E,)."""
        taken = ~self.histories.shown
        if self.config.validation == "window":
            return taken & (self.histories.time >= self.since)
        user = self.histories.user
        last = np.full(len(self.users), -1)
        last[user[taken]] = np.flatnonzero(taken)  # later rows overwrite earlier ones
        several = np.bincount(user[taken], minlength=len(self.users)) > 1
        mask = np.zeros(len(user), dtype=np.bool_)
        mask[last[several]] = True
        return mask


def _passed_over(impressions: pl.DataFrame | None) -> pl.DataFrame:
    """Impressions without a reaction, as events."""
    if impressions is None or impressions.is_empty():
        return EVENTS.empty().select(_AS_EVENTS)
    rows = impressions.filter(~pl.col("clicked"))
    return rows.with_columns(event=pl.lit("impression"), row=pl.int_range(pl.len(), dtype=pl.Int64)).select(_AS_EVENTS)


def _categories(frame: pl.DataFrame) -> Ints:
    if "category" not in frame.columns:
        return np.full(len(frame), -1, dtype=np.int64)
    names = frame["category"].cast(pl.String).to_list()
    return Codes.of(names).shifted(names) - 1


def _prices(frame: pl.DataFrame) -> NDArray[np.float64]:
    if "price" not in frame.columns:
        return np.full(len(frame), np.nan)
    return frame["price"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
