import numpy as np
from sequence_world import log_of

from intentrec.data.log import DAY
from intentrec.towers.sequence.sequences import GAPS, Calendar, Sequences, gap_buckets


def test_each_users_events_keep_the_order_of_the_log():
    found = Sequences.of(log_of([(2, 5, 1), (0, 1, 0), (2, 7, 1), (0, 3, 1), (2, 6, 0.5)]))
    assert found.starts.tolist() == [0, 2, 2, 5, 5]
    assert found.item.tolist() == [1, 3, 6, 5, 7]  # 5 before 7: the same time, the log's order
    assert found.user.tolist() == [0, 0, 2, 2, 2]
    assert found.lengths.tolist() == [2, 0, 3, 0]


def test_gaps_are_octaves_of_days_and_a_first_event_has_none():
    found = Sequences.of(log_of([(0, 1, 0), (0, 1, 1), (0, 1, 1), (0, 1, 101), (1, 1, 300)]))
    assert found.gap.tolist() == [GAPS - 1, 6, 0, GAPS - 2, GAPS - 1]
    days = np.array([0.0, 0.04, 0.05, 0.25, 0.5, 1.9, 2.0, 16.0, 1e6])
    assert gap_buckets(days).tolist() == [0, 0, 1, 4, 5, 6, 7, 10, 10]


def test_nobody_did_anything():
    found = Sequences.of(log_of([]))
    assert (len(found), found.lengths.tolist()) == (0, [0, 0, 0, 0])


def test_periods_are_counted_from_the_first_event_and_end_with_the_last():
    calendar = Calendar.of(np.array([10.0, 39.0, 75.0]) * DAY, 30.0)
    assert calendar.n == 3
    assert calendar.period(np.array([0.0, 10.0, 39.9, 40.0, 75.0, 900.0]) * DAY).tolist() == [0, 0, 0, 1, 2, 2]
