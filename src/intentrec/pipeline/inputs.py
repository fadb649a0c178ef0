"""What a run may see: the stored inputs as they were known before a time."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import polars as pl

from intentrec.data.asof import visible, visible_users
from intentrec.errors import ConfigError, DataError
from intentrec.workspace import Workspace


@dataclass(frozen=True)
class Inputs:
    """Items, users and events as of a time.

    Attributes:
        identity: Names the stored versions these came from; part of every step's fingerprint.
    """

    items: pl.DataFrame
    users: pl.DataFrame
    events: pl.DataFrame
    as_of: datetime
    identity: dict[str, str]

    def first_event(self) -> datetime:
        """The time of the earliest event."""
        first = self.events["timestamp"].min()
        if not isinstance(first, datetime):
            raise DataError("There are no events with a timestamp.")
        return first

    def brands(self) -> list[str]:
        """Brands of the items, which no tag or explanation may invent."""
        if "brand" not in self.items.columns:
            return []
        return self.items["brand"].drop_nulls().unique().sort().to_list()

    def before(self, as_of: datetime) -> "Inputs":
        """The same inputs as they were known at an earlier time."""
        items, events = visible(self.items, self.events, as_of)
        return Inputs(items, visible_users(self.users, self.events, as_of), events, as_of, self.identity)


def load_inputs(workspace: Workspace, as_of: datetime | None) -> Inputs:
    """Everything that was known before `as_of`; by default up to the midnight that follows the last event.

    Raises:
        DataError: There are no items or no events, or none before `as_of`.
    """
    items, users, events = (workspace.read(name) for name in ("items", "users", "events"))
    if items.is_empty() or events.is_empty():
        missing = "items" if items.is_empty() else "events"
        raise DataError(f"{workspace.root} holds no {missing}. Run `intentrec ingest --{missing} FILE` first.")
    as_of = as_of or day_after_last(events)
    identity = {name: workspace.tables.identity(name) for name in ("items", "users", "events")}
    inputs = Inputs(items, users, events, as_of, identity).before(as_of)
    if inputs.events.is_empty():
        raise DataError(f"There is no event before {as_of}; the first is at {events['timestamp'].min()!s}.")
    return inputs


def day_after_last(events: pl.DataFrame) -> datetime:
    """The first midnight (UTC) after the last event."""
    last = events["timestamp"].max()
    if not isinstance(last, datetime):
        raise DataError("Events have no timestamps.")
    return datetime.combine(last.astimezone(UTC).date(), time(), UTC) + timedelta(days=1)


def parse_time(text: str) -> datetime:
    """A time from `2024-05-01` or `2024-05-01T12:00:00+02:00`; UTC where it names no zone.

    Raises:
        ConfigError: It is neither.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{text!r} is not a date. Write 2024-05-01 or 2024-05-01T12:00:00+00:00.") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
