"""When the catalogue is built anew."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def catalogue_as_of(as_of: datetime, refresh_days: int, first_event: datetime | None) -> datetime:
    """The time as of which the catalogue of a run is built: the start of the current period of `refresh_days`.

    Periods count from 1970, so the answer depends on nothing that ran before. A period that starts less than a day
    after the first event has too little to learn from: then it is `as_of` itself.
    """
    period = timedelta(days=refresh_days)
    start = _EPOCH + ((as_of - _EPOCH) // period) * period
    if first_event is None or start < first_event + timedelta(days=1):
        return as_of
    return start
