import numpy as np
import pytest
from sequence_world import log_of

from intentrec.data.log import DAY
from intentrec.towers.sequence import Found, HeldOut, SequenceConfig
from intentrec.towers.sequence.validation import trial, validate

ROWS = [(0, 1, 0), (0, 2, 1), (0, 1, 5), (0, 3, 5.5), (1, 2, 1), (2, 3, 4), (2, 4, 6), (3, 5, 2)]


def test_a_window_holds_out_what_returning_users_did_from_then_on():
    judged = trial(log_of(ROWS), HeldOut(since=5 * DAY), SequenceConfig())
    assert len(judged.past) == 5
    assert (judged.users.tolist(), judged.now, judged.last) == ([0, 2], 5 * DAY, False)
    assert (judged.starts.tolist(), judged.targets.tolist()) == ([0, 2, 2], [1, 3])
    assert judged.wanted.tolist() == [2, 1]  # item 4 had no event before: it cannot be found, and counts as missed


def test_the_last_event_of_each_user_who_has_another():
    judged = trial(log_of(ROWS), HeldOut(last=True), SequenceConfig())
    assert len(judged.past) == 6
    assert judged.users.tolist() == [0, 2]
    assert (judged.targets.tolist(), judged.wanted.tolist()) == ([3], [1, 1])
    assert (judged.now, judged.last) == (None, True)


def test_of_events_at_one_time_the_later_row_is_the_last():
    judged = trial(log_of([(0, 1, 0), (0, 5, 1), (0, 2, 1), (1, 2, 0)]), HeldOut(last=True), SequenceConfig())
    assert judged.targets.tolist() == [2]


def test_nothing_to_hold_out():
    assert trial(log_of(ROWS), HeldOut(since=7 * DAY), SequenceConfig()) is None
    assert trial(log_of([(0, 1, 0), (1, 1, 1)]), HeldOut(last=True), SequenceConfig()) is None
    assert not HeldOut()


def test_users_to_judge_by_are_capped():
    rows = [(user, 1, day) for user in range(50) for day in (0, 9)]
    judged = trial(log_of(rows, n_users=50), HeldOut(since=5 * DAY), SequenceConfig(validation_users=10))
    assert len(judged.users) == 10
    assert (judged.users[0], judged.users[-1]) == (0, 49)
    assert len(judged.targets) == 10


def test_hand_computed():
    judged = trial(log_of(ROWS), HeldOut(since=5 * DAY), SequenceConfig())
    table = np.diag(np.array([9, 4, 3, 2, 8, 1, 9, 9, 9], dtype=np.float32))  # known: 1, 2, 3 and 5
    queries = np.ones((2, 1, 9), dtype=np.float32)
    found = validate(judged, queries, table, SequenceConfig(recall_at=2))
    # All: user 0 sees 1, 2 and wants 1, 3: half. User 2 wants only what cannot be found.
    assert found.all == pytest.approx(0.25)
    # New: user 0 sees 3, 5 without what it had, and wants 3; user 2 misses again.
    assert found.new == pytest.approx(0.5)
    assert np.isnan(found.ndcg)
    assert found.score == pytest.approx((0.25 + 0.5) / 2)


def test_last_events_have_ndcg_and_scores_are_the_best_of_several_codes():
    judged = trial(log_of(ROWS), HeldOut(last=True), SequenceConfig())
    table = np.eye(9, dtype=np.float32)
    queries = np.zeros((2, 2, 9), dtype=np.float32)
    queries[0, 0, 5], queries[0, 1, 3] = 2, 1  # second of what user 0 had not had
    found = validate(judged, queries, table, SequenceConfig())
    assert found.new == pytest.approx(0.5)
    assert found.ndcg == pytest.approx(0.5 / np.log2(3))
    assert Found(0.1, 0.4, 0.2).score == pytest.approx(0.3)
    assert Found(0.1, float("nan"), float("nan")).score == 0.1
