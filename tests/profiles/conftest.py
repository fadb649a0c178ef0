from datetime import UTC, datetime

import polars as pl
import pytest

from intentrec.data.config import EventsConfig
from intentrec.profiles import ProfilesConfig, build_profiles
from intentrec.tables import CATALOGUE, EVENTS
from intentrec.text.tokens import estimate_tokens

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)


def _events(rows):
    """Events from (user, time, kind, thing): a thing in quotes is a query, any other an item of that name."""
    records = [
        {
            "row": n,
            "user_id": user,
            "timestamp": datetime.fromisoformat(time).replace(tzinfo=UTC) if isinstance(time, str) else time,
            "event": kind,
            "item_id": None if thing.startswith('"') else thing,
            "query": thing.strip('"') if thing.startswith('"') else None,
        }
        for n, (user, time, kind, thing) in enumerate(rows)
    ]
    return EVENTS.check(pl.DataFrame(records, schema={name: EVENTS.schema[name] for name in EVENTS.schema}))


def _catalogue(events, names):
    ids = events["item_id"].drop_nulls().unique().sort().to_list()
    return CATALOGUE.rows({"item_id": item_id, "name": names.get(item_id, item_id)} for item_id in ids)


@pytest.fixture
def profiles():
    """Runs the stage on rows of (user, time, kind, thing); items are named by their id unless `names` says else."""

    def run(rows, users=None, config=None, as_of=AS_OF, names=None, count=estimate_tokens):
        events = _events(rows)
        users = (
            pl.DataFrame(users or [], schema={"user_id": pl.String}) if not isinstance(users, pl.DataFrame) else users
        )
        catalogue = _catalogue(events.filter(pl.col("timestamp") < as_of), names or {})
        return build_profiles(events, users, catalogue, EventsConfig(), config or ProfilesConfig(), count, as_of)

    return run
