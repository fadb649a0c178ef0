from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from intentrec.profiles import ProfilesConfig, effective_as_of

AS_OF = datetime(2024, 6, 1, 7, 30, tzinfo=UTC)
USERS = pl.Series([f"user{n}" for n in range(200)])


def test_a_daily_refresh_builds_everyone_as_of_now():
    assert effective_as_of(USERS, AS_OF, 1).unique().to_list() == [AS_OF]


@given(st.integers(2, 30), st.integers(0, 60))
def test_each_user_is_due_once_in_a_cycle(days, later):
    dues = [effective_as_of(USERS[:1], AS_OF + timedelta(days=later + day), days)[0] for day in range(days + 1)]
    assert len(set(dues)) == 2
    assert all(0 <= (AS_OF + timedelta(days=later + n) - due).days < days for n, due in enumerate(dues))


def test_users_are_spread_over_the_cycle():
    counts = effective_as_of(USERS, AS_OF, 7).value_counts()["count"]
    assert len(counts) == 7
    assert counts.max() < 60


def test_a_user_who_is_not_due_does_not_see_the_new_day(profiles):
    rows = [(f"user{n}", "2024-05-01", "purchase", "tea") for n in range(20)]
    rows += [(f"user{n}", "2024-05-31T12:00", "purchase", "cup") for n in range(20)]
    table = profiles(rows, config=ProfilesConfig(refresh_days=5)).table
    seen = table.with_columns(pl.col("text").str.contains("cup").alias("new"))
    due = seen["as_of"] > datetime(2024, 5, 31, 12, tzinfo=UTC)
    assert 0 < due.sum() < 20
    assert seen["new"].to_list() == due.to_list()


def test_a_user_first_seen_after_the_due_time_is_built_as_of_now(profiles):
    rows = [(f"user{n}", "2024-05-31T12:00", "purchase", "cup") for n in range(20)]
    table = profiles(rows, config=ProfilesConfig(refresh_days=5)).table
    assert table["as_of"].unique().to_list() == [datetime(2024, 6, 1, tzinfo=UTC)]
