import numpy as np
import pytest
from sequence_world import log_of

from intentrec.data.log import DAY
from intentrec.towers.sequence import Impressions, SequenceConfig
from intentrec.towers.sequence.queries import queries
from intentrec.towers.sequence.sampling import Sampler
from intentrec.towers.sequence.sequences import Sequences

CATEGORY = np.array([1, 1, 1, 2, 2, 0, 0, 1, 2])
ROWS = [(0, 0, 0), (0, 1, 1), (0, 2, 2), (1, 3, 0), (1, 4, 3), (2, 5, 0), (2, 6, 4)]


def sampler(shown=None, **settings):
    sequences = Sequences.of(log_of(ROWS))
    config = SequenceConfig(**settings)
    return Sampler(sequences, queries(sequences, config), CATEGORY, config, shown)


def own(found, targets, user=(0, 1, 2), since=(0, 0, 0), until=(9, 9, 9)):
    arrays = (np.array(part) for part in (range(len(targets)), targets, user))
    times = (np.array(part, dtype=float) * DAY for part in (since, until))
    return found.own(*arrays, *times, np.random.default_rng(0))


def test_a_small_catalogue_is_all_there_without_correction_and_without_what_nobody_took():
    shared = sampler().shared(np.array([1]), np.random.default_rng(0))
    assert shared.ids.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert not shared.bias.any()


def test_hard_negatives_are_of_the_targets_category_and_stand_for_all_of_it():
    found = own(sampler(hard=50), [2, 4, 5])
    offered = found.bias > -1e29
    assert set(found.ids[0][offered[0]]) == {0, 1}  # the target itself and what nobody took are left out
    assert set(found.ids[1][offered[1]]) == {3}
    assert not offered[2].any()  # item 5 has no category
    np.testing.assert_allclose(found.bias[0][offered[0]], np.log(3 / 50), rtol=1e-5)
    assert np.exp(found.bias[1][offered[1]]).sum() == pytest.approx(1, abs=0.4)  # one other item in the category


def test_impressions_are_those_between_the_last_event_and_the_question():
    shown = Impressions(np.array([0, 0, 0, 0, 1]), np.array([3, 4, 5, 7, 8]), np.array([5.0, 1, 2, 3, 2]) * DAY)
    found = own(sampler(shown, impressions=2), [1, 4], user=(0, 1), since=(1.5, 3), until=(5, 9))
    assert found.ids[0].tolist() == [7, 5]  # the latest first; item 7 has no event, but it was shown
    assert (found.bias > -1e29).tolist() == [[True, True], [False, False]]
    again = own(sampler(shown, impressions=2), [7], user=(0,), since=(1.5,), until=(5,))
    assert (again.bias > -1e29).tolist() == [[False, True]]  # what was taken is no negative


def test_no_further_negatives_unless_asked_for():
    assert own(sampler(), [1, 4, 5]) is None
    assert own(sampler(impressions=3), [1, 4, 5]) is None


def test_a_corrected_sample_weighs_like_the_whole_catalogue_and_an_uncorrected_one_like_what_was_drawn():
    rng = np.random.default_rng(0)
    many = [(user, 0 if day % 2 else 1 + day // 2 % 4, day) for user in range(3) for day in range(16)]
    sequences = Sequences.of(log_of(many))
    for logq, popular in ((True, 1.0), (False, 5 / 2)):  # one of five items, and half of all draws
        config = SequenceConfig(negatives=4, popularity_power=1.0, logq=logq)
        found = Sampler(sequences, queries(sequences, config), np.zeros(9, dtype=np.int64), config)
        draws = [found.shared(np.array([1]), rng) for _ in range(4000)]
        mass = np.mean([np.exp(draw.bias[draw.ids == 0]).sum() for draw in draws])
        assert mass == pytest.approx(popular, rel=0.05)
