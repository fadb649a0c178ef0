import numpy as np
import pytest

from intentrec.data.log import DAY, Log
from intentrec.errors import DataError
from intentrec.towers import TowersConfig
from intentrec.towers.moments import Targets, moment_at, moments


def log_of(rows):
    """Rows of user, item, day."""
    user, item, day = np.array(sorted(rows, key=lambda row: row[2]), dtype=float).reshape(-1, 3).T
    ones = np.ones(len(user))
    return Log(user.astype(int), item.astype(int), np.zeros(len(user), int), ones, day * DAY, 5, 6, 1)


LOG = log_of([(0, 0, 0), (1, 1, 1), (0, 1, 12), (0, 0, 12.2), (0, 1, 20), (2, 0, 12), (1, 5, 13), (1, 0, 60)])


def targets_of(moment):
    rows, items = moment.targets.rows(np.arange(len(moment)))
    return sorted(zip(moment.users[rows].tolist(), items.tolist(), strict=True))


@pytest.mark.parametrize(("target", "expected"), [("session", [(0, 0), (0, 1)]), ("window", [(0, 0), (0, 1)])])
def test_targets_are_items_known_then_of_users_who_were_there(target, expected):
    moment = moment_at(LOG, 10 * DAY, 90 * DAY, TowersConfig(target=target, horizon_days=28))
    assert targets_of(moment) == expected  # user 2 is new, item 5 is new, day 60 is too far
    assert moment.past.items.tolist() == [0]


def test_a_session_is_the_first_active_day_only():
    config = TowersConfig(target="session", horizon_days=28)
    moment = moment_at(LOG, 12.1 * DAY, 90 * DAY, config)
    assert targets_of(moment) == [(0, 0)]
    assert targets_of(moment_at(LOG, 12.1 * DAY, 90 * DAY, config.model_copy(update={"target": "window"}))) == [
        (0, 0),
        (0, 1),
    ]


def test_nothing_at_or_after_the_end_is_a_target():
    moment = moment_at(LOG, 10 * DAY, 12.1 * DAY, TowersConfig(target="window"))
    assert targets_of(moment) == [(0, 1)]


def test_moments_go_back_in_steps_and_stop_at_the_warmup():
    config = TowersConfig(step_days=5, warmup_days=8, horizon_days=28)
    assert [moment.now / DAY for moment in moments(LOG, 22 * DAY, config)] == [17, 12]
    assert len(moments(LOG, 22 * DAY, config.model_copy(update={"max_steps": 1}))) == 1


def test_a_log_without_returning_users_teaches_nothing():
    with pytest.raises(DataError, match="two sides"):
        moments(log_of([(0, 0, 0), (1, 1, 9)]), 10 * DAY, TowersConfig(step_days=1))


def test_targets_of_chosen_examples():
    targets = Targets(np.array([0, 2, 2, 3]), np.array([7, 8, 9]))
    rows, items = targets.rows(np.array([2, 1, 0]))
    assert rows.tolist() == [0, 2, 2]
    assert items.tolist() == [9, 7, 8]
