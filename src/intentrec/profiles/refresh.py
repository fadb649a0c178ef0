"""As of when each user's profile is built, spread over the refresh cycle."""

from datetime import datetime, timedelta
from hashlib import blake2b

import polars as pl

from intentrec.tables import TIMESTAMP


def effective_as_of(user_ids: pl.Series, as_of: datetime, refresh_days: int) -> pl.Series:
    """The last time up to `as_of` at which each user was due, at the time of day of `as_of`.

    Each user is due once every `refresh_days` days counted from 1970, at a place in the cycle that is a hash of the id:
    the answer depends on nothing that ran before. With 1 it is `as_of` for all.
    """
    if refresh_days == 1:
        return pl.Series("as_of", [as_of], dtype=TIMESTAMP).new_from_index(0, len(user_ids))
    today = (as_of - datetime(1970, 1, 1, tzinfo=as_of.tzinfo)).days
    since_due = [(today - _place(user_id, refresh_days)) % refresh_days for user_id in user_ids]
    return pl.Series("as_of", [as_of - timedelta(days=days) for days in since_due], dtype=TIMESTAMP)


def _place(user_id: str, refresh_days: int) -> int:
    return int.from_bytes(blake2b(user_id.encode(), digest_size=8).digest(), "little") % refresh_days
