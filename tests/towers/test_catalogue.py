from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from intentrec.data.log import DAY, Log, seconds
from intentrec.errors import DataError
from intentrec.towers.catalogue import DEMAND_SIZES, Catalogue, demand

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
NOW = seconds(AS_OF)


def log_of(rows, n_items=4):
    """Rows of user, item, days before `NOW`."""
    user, item, days = np.array(sorted(rows, key=lambda row: -row[2])).reshape(-1, 3).T
    ones = np.ones(len(user))
    return Log(user.astype(int), item.astype(int), np.zeros(len(user), int), ones, NOW - days * DAY, 9, n_items, 1)


def test_features_are_codes_with_0_for_none():
    items = pl.DataFrame(
        {
            "item_id": ["c", "a", "b"],
            "category": ["toys", None, "food"],
            "brand": [None, None, None],
            "price": [1.0, None, 5.0],
        }
    )
    catalogue = Catalogue.build(items, AS_OF, np.array([[3.0], [1.0], [2.0]]))
    assert catalogue.items.names == ("a", "b", "c")
    assert catalogue.fixed[:, 0].tolist() == [0, 1, 2]
    assert catalogue.fixed[:, 1].tolist() == [0, 0, 0]
    assert catalogue.fixed[0, 2] == 0 < catalogue.fixed[2, 2] < catalogue.fixed[1, 2]
    assert all((catalogue.fixed < catalogue.sizes).all(axis=1))
    assert catalogue.text.tolist() == [[1.0], [2.0], [3.0]]


def test_items_that_come_later_are_left_out():
    created = [AS_OF - timedelta(1), AS_OF, None]
    items = pl.DataFrame({"item_id": ["a", "b", "c"], "created_at": created})
    assert Catalogue.build(items, AS_OF).items.names == ("a", "c")


@pytest.mark.parametrize("ids", [["a", "a"], []])
def test_items_need_ids_of_their_own(ids):
    with pytest.raises(DataError, match="each needs one of its own"):
        Catalogue.build(pl.DataFrame({"item_id": ids}, schema={"item_id": pl.String}), AS_OF)


def test_demand_counts_users_not_events_and_nothing_from_now_on():
    state = demand(log_of([(0, 0, 1), (0, 0, 2), (1, 0, 3), (1, 1, 20), (2, 3, 0)]), NOW)
    counts = np.array([2, 0, 0, 0])
    np.testing.assert_allclose(state.ratios[:, 0], np.log((counts + 0.5) / (counts.mean() + 0.5)), rtol=1e-6)
    counts = np.array([2, 1, 0, 0])
    np.testing.assert_allclose(state.ratios[:, 1], np.log((counts + 0.5) / (counts.mean() + 0.5)), rtol=1e-6)
    assert state.known.tolist() == [True, True, False, False]


def test_buckets_are_half_octaves_around_the_mean_and_age_is_in_octaves():
    rows = [(user, 0, 5) for user in range(8)] + [(0, 1, 6), (0, 2, 300)]
    state = demand(log_of(rows), NOW)
    assert state.buckets[:, 0].tolist() == [11, 5, 0, 0]  # mean 9 / 4: 8 is 1.83 octaves above, 1 is 1.17 below
    assert state.buckets[:, 4].tolist() == [3, 3, 9, 0]
    assert (state.buckets < DEMAND_SIZES).all()


def test_demand_means_the_same_in_a_busy_week():
    quiet = [(user, item, 1) for item, users in enumerate((4, 2, 1, 1)) for user in range(users)]
    busy = [(2 * user + half, item, 1) for user, item, _ in quiet for half in range(2)]
    one, two = demand(log_of(quiet), NOW), demand(log_of(busy), NOW)
    assert one.buckets.tolist() == two.buckets.tolist()


def test_before_the_first_event_nothing_is_in_demand():
    state = demand(log_of([(0, 0, 1)]), NOW - 2 * DAY)
    assert not state.buckets.any()
    assert not state.known.any()
