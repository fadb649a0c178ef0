import math
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from intentrec.codes import Codes
from intentrec.data.log import DAY, Log, seconds
from intentrec.errors import DataError
from intentrec.towers.histories import histories, n_pools

DAY_0 = datetime(2024, 1, 1, tzinfo=UTC)
NOW = seconds(DAY_0) + 10 * DAY
KINDS = {"purchase": 1.0, "cart": 0.5}


def log_of(rows, as_of=datetime(2024, 2, 1, tzinfo=UTC)):
    columns = ["user_id", "item_id", "day", "event", "weight"]
    frame = pl.DataFrame(rows, schema=columns, orient="row", schema_overrides={"weight": pl.Float64}).with_row_index(
        "row"
    )
    time = (pl.lit(DAY_0) + pl.duration(seconds=(pl.col("day") * DAY).cast(pl.Int64))).dt.cast_time_unit("us")
    frame = frame.with_columns(time.alias("timestamp"))
    return Log.of(frame, Codes(("ann", "bob")), Codes(("a", "b", "c")), KINDS, as_of)


ROWS = [
    ("ann", "a", 0, "purchase", None),
    ("ann", "a", 8, "purchase", 3.0),
    ("ann", "c", 9, "cart", None),
    ("zoe", "a", 1, "purchase", None),
    ("ann", "gone", 1, "purchase", None),
    ("ann", "b", 1, "view", None),
    ("bob", "b", 11, "purchase", None),
]


def test_the_log_keeps_what_counts_in_time_order():
    log = log_of(ROWS[::-1])
    assert log.user.tolist() == [0, 0, 0, 1]
    assert log.item.tolist() == [0, 0, 2, 1]
    assert log.kind.tolist() == [0, 0, 1, 0]
    assert log.weight.tolist() == [1.0, 3.0, 0.5, 1.0]
    assert (np.diff(log.time) > 0).all()
    assert len(log_of(ROWS, as_of=datetime(2024, 1, 9, tzinfo=UTC))) == 1
    assert len(log.between(NOW - 2 * DAY, NOW)) == 2


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(DataError, match="names no time zone"):
        seconds(datetime(2024, 1, 1))


def test_pools_are_ever_then_kinds_then_half_lives_then_the_last_day():
    past = histories(log_of(ROWS), np.array([0, 1]), NOW, (2.0,))
    assert n_pools(2, (2.0,)) == 5
    assert past.starts.tolist() == [0, 2, 2]  # bob's event lies ahead
    assert past.items.tolist() == [0, 2]
    recent_a, recent_c = 0.5**5 + 3 * 0.5, 0.5 * 0.5**0.5
    expected = [[1, math.log(5), 0, recent_a, 1], [1, 0, math.log(1.5), recent_c, 1]]
    np.testing.assert_allclose(past.weights, expected, rtol=1e-6)
    fades = 0.5 ** (1 / 3) + 3 * 0.5 ** (1 / 15) + 0.5 * 0.5 ** (1 / 30)
    np.testing.assert_allclose(past.activity[0], np.log1p([2, 1, 4.5, fades, 3]), rtol=1e-6)
    np.testing.assert_allclose(past.activity[1], np.log1p([0, 1000, 0, 0, 0]))
    assert past.users.tolist() == [1, 2]


def test_rows_thinning_and_padding():
    past = histories(log_of(ROWS), np.array([0, 1]), NOW + 5 * DAY, (2.0,))
    turned = past.rows(np.array([1, 0, 1]))
    assert turned.starts.tolist() == [0, 1, 3, 4]
    assert turned.items.tolist() == [1, 0, 2, 1]
    assert turned.users.tolist() == [2, 1, 2]
    longer = past.padded(4)
    assert (len(longer), longer.starts.tolist()) == (4, [0, 2, 3, 3, 3])
    assert (longer.activity[2:] == 0).all()
    thin = past.thinned(0.999, np.random.default_rng(0))
    assert len(thin.items) < 3
    assert thin.starts[-1] == len(thin.items)


def test_nobody_has_an_empty_history():
    past = histories(log_of(ROWS), np.array([], dtype=np.int64), NOW, (2.0,))
    assert (len(past), past.weights.shape, past.activity.shape) == (0, (0, 5), (0, 5))
