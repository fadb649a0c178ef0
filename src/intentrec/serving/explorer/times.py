"""Times as people read them, always UTC."""

from datetime import UTC, datetime


def day(value: datetime | str) -> str:
    """2011-11-05."""
    return f"{_utc(value):%Y-%m-%d}"


def moment(value: datetime | str) -> str:
    """2011-11-05 14:32."""
    return f"{_utc(value):%Y-%m-%d %H:%M}"


def _utc(value: datetime | str) -> datetime:
    when = datetime.fromisoformat(value) if isinstance(value, str) else value
    return when if when.tzinfo is None else when.astimezone(UTC)
