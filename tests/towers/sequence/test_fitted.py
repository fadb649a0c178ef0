import json

import numpy as np
import pytest
from safetensors.torch import load_file, save_file
from sequence_world import N_ITEMS, log_of

from intentrec.data.log import DAY
from intentrec.errors import ConfigError
from intentrec.progress import SILENT
from intentrec.towers.sequence import HeldOut, SequenceTower, train_sequence


def made(world, small, **changes):
    config = small.model_copy(update={"epochs": 1, **changes})
    return train_sequence(world, config, held_out=HeldOut(), seed=0, device="cpu", progress=SILENT)


@pytest.fixture(scope="module")
def tower(world, small):
    return made(world, small)


def test_what_was_saved_serves_alike(world, small, tower, tmp_path):
    codes = made(world, small, codes=2)
    users = np.arange(5)
    for one in (tower, codes):
        save_file(one.tensors(), tmp_path / "x.safetensors")
        meta = json.loads(json.dumps(one.meta(), allow_nan=False))
        other = SequenceTower.of(meta, load_file(tmp_path / "x.safetensors"))
        assert (other.config, other.history, other.width) == (one.config, one.history, 20)
        np.testing.assert_array_equal(one.item_vectors(), other.item_vectors())
        np.testing.assert_array_equal(one.user_codes(world.log, users), other.user_codes(world.log, users))


def test_a_vector_does_not_depend_on_who_else_is_asked_for(world, tower):
    together = tower.user_vectors(world.log, np.arange(60), world.end)
    for user in (0, 31, 59):
        np.testing.assert_array_equal(tower.user_vectors(world.log, np.array([user]), world.end)[0], together[user])
    turned = tower.user_vectors(world.log, np.array([9, 2, 9]), world.end)
    np.testing.assert_array_equal(turned, together[[9, 2, 9]])


def test_only_events_before_now_are_read(world, tower):
    now = float(world.log.time[len(world.log) // 2])
    users = np.arange(60)
    before = tower.user_vectors(world.log.before(now), users, now)
    np.testing.assert_array_equal(tower.user_vectors(world.log, users, now), before)
    assert not np.array_equal(tower.user_vectors(world.log, users, world.end), before)


def test_long_histories_are_read_from_their_end(tower):
    long = [(0, day % N_ITEMS, float(day)) for day in range(40)]
    n_items = N_ITEMS + 1
    whole = tower.user_vectors(log_of(long, n_items=n_items), np.array([0]))
    first = log_of([(0, 3, 31.0), *long[32:]], n_items=n_items)  # an event before them, for the first gap
    short = tower.user_vectors(first.where(np.arange(9) >= 0), np.array([0]))
    np.testing.assert_allclose(whole, short, atol=1e-5)


def test_users_without_events_get_what_is_in_demand(world, tower):
    log = log_of([(0, 3, 1.0)], n_items=N_ITEMS + 1)
    vectors = tower.user_vectors(log, np.array([1, 2, 0]), world.end)
    np.testing.assert_array_equal(vectors[0], vectors[1])
    assert not vectors[0, :16].any()
    assert vectors[0, 16:].any()
    assert tower.user_vectors(log, np.array([], dtype=np.int64), world.end).shape == (0, 20)
    assert np.isfinite(tower.user_vectors(log_of([], n_items=N_ITEMS + 1), np.array([1]))).all()


def test_the_time_of_the_request_counts_unless_the_clock_is_the_last_event(world, small, tower):
    now, users = world.end, np.arange(4)
    later = now + 9 * DAY
    assert not np.array_equal(tower.user_vectors(world.log, users, now), tower.user_vectors(world.log, users, later))
    timeless = made(world, small, clock="last")
    same = (timeless.user_vectors(world.log, users, moment) for moment in (now, later))
    np.testing.assert_array_equal(*same)


def test_several_vectors_a_user_have_a_name_of_their_own(world, small):
    several = made(world, small, codes=2)
    assert several.user_codes(world.log, np.arange(3)).shape == (3, 2, 20)
    with pytest.raises(ConfigError, match="ask for user_codes"):
        several.user_vectors(world.log, np.arange(3))
