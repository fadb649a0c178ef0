"""Live rows as the store writes them."""

from datetime import UTC, datetime, timedelta

from intentrec.serving.live.models import LiveEvent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
EVENT_COLUMNS = "event_id, user_id, timestamp, event, item_id, query, weight, value"
EventRow = tuple[str, str, int, str, str | None, str | None, float | None, float | None]


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(micros: int) -> datetime:
    """The time, in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def event_row(event: LiveEvent) -> EventRow:
    """Values of `EVENT_COLUMNS`."""
    return (
        event.event_id, event.user_id, micros(event.timestamp), event.event, event.item_id, event.query, event.weight,
        event.value,
    )  # fmt: skip


def event_of(row: EventRow) -> LiveEvent:
    """The event again; it was checked when it came in."""
    event_id, user_id, timestamp, event, item_id, query, weight, value = row
    return LiveEvent.model_construct(
        event_id=event_id, user_id=user_id, timestamp=moment(timestamp), event=event, item_id=item_id, query=query,
        weight=weight, value=value,
    )  # fmt: skip
