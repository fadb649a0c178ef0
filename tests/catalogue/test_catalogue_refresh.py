from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from intentrec.catalogue import catalogue_as_of

FIRST = datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
TIMES = st.datetimes(datetime(2011, 6, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


def test_a_run_uses_the_start_of_its_period():
    # 1970-01-01 + 510 periods of 30 days
    assert catalogue_as_of(datetime(2011, 12, 1, tzinfo=UTC), 30, FIRST) == datetime(2011, 11, 22, tzinfo=UTC)


@given(TIMES, st.integers(1, 90))
def test_the_catalogue_is_never_from_the_future_nor_older_than_its_period(as_of, days):
    start = catalogue_as_of(as_of, days, FIRST)
    assert as_of - timedelta(days=days) < start <= as_of


@given(TIMES, st.integers(2, 90))
def test_two_runs_of_one_period_share_a_catalogue(as_of, days):
    start = catalogue_as_of(as_of, days, FIRST)
    assert catalogue_as_of(start, days, FIRST) == start


def test_a_period_that_starts_with_the_shop_is_too_early():
    as_of = FIRST + timedelta(days=3)
    assert catalogue_as_of(as_of, 30, FIRST) == as_of


def test_a_shop_without_events_is_seen_as_it_is_now():
    as_of = datetime(2024, 6, 1, tzinfo=UTC)
    assert catalogue_as_of(as_of, 7, None) == as_of
