from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch
from sequence_world import N_ITEMS, TWIN, following, log_of

from intentrec.data.log import DAY
from intentrec.errors import ConfigError
from intentrec.progress import SILENT
from intentrec.towers.sequence import HeldOut, Impressions, train_sequence

KNOWN = np.arange(N_ITEMS)


def trained(world, config, held_out=None, **options):
    held_out = HeldOut(since=world.end - DAY) if held_out is None else held_out  # the last day: one event of each user
    options = {"seed": 0, "device": "cpu", "progress": SILENT} | options
    return train_sequence(world, config, held_out=held_out, **options)


@pytest.fixture(scope="module")
def tower(world, small):
    return trained(world, small)


def foretold(tower, items):
    """Share of histories of one item after which the item that follows it comes first."""
    log = log_of([(row, item, 9.0) for row, item in enumerate(items)], n_users=len(items), n_items=N_ITEMS + 1)
    codes = tower.user_codes(log, np.arange(len(items)))
    scores = np.einsum("ukd,nd->ukn", codes, tower.item_vectors()).max(axis=1)
    return float((scores.argmax(axis=1) == following(np.asarray(items))).mean())


def test_chains_are_learnt_for_users_that_training_never_saw(tower):
    assert foretold(tower, KNOWN) > 0.95
    assert foretold(tower.held_out, KNOWN) > 0.9


@pytest.mark.parametrize(
    "changes",
    [
        {"user": "mean", "length": 2},
        {"codes": 2},
        {"negatives": 12, "in_batch": 8, "hard": 2},
        {"target": "session", "clock": "last", "table_optimiser": "adagrad", "table_rate": 0.1},
        {"table_optimiser": "dense", "item_text": False, "context_width": 0},
    ],
)
def test_other_ways_learn_them_too(world, small, changes):
    made = trained(world, small.model_copy(update=changes), HeldOut())
    assert foretold(made, KNOWN) > 0.8  # 0.03 by chance


def test_a_window_is_foretold(world, small):
    settings = {"target": "window", "horizon_days": 2.0, "max_targets": 2, "recall_at": 2}
    made = trained(world, small.model_copy(update=settings), HeldOut(since=world.end - 2 * DAY))
    assert max(epoch.recall.all for epoch in made.held_out.history) > 0.6  # 0.07 by chance


def test_an_item_that_nobody_took_stands_beside_its_twin_in_text(world, small):
    made = trained(world, small.model_copy(update={"id_dropout": 0.5, "item_features": False}), HeldOut())
    vectors = made.item_vectors()
    log = log_of([(0, 4, 9.0)], n_items=N_ITEMS + 1)  # item 4 leads to item 0
    scores = (made.user_vectors(log, np.array([0])) @ vectors.T)[0]
    assert scores.argsort()[::-1][:2].tolist() in ([0, TWIN], [TWIN, 0])


def test_the_history_tells_of_validation_then_of_the_final_run(tower):
    parts = [epoch.part for epoch in tower.history]
    n_final = parts.count("final")
    assert parts == ["validation"] * (len(parts) - n_final) + ["final"] * n_final
    scores = [epoch.recall.score for epoch in tower.history if epoch.recall]
    assert n_final == 1 + int(np.argmax(scores))
    assert max(scores) > 0.8
    assert repr(tower.history[:-n_final]) == repr(tower.held_out.history)  # NaN is not equal to itself
    assert [epoch.epoch for epoch in tower.history[-n_final:]] == list(range(1, n_final + 1))


def test_training_stops_when_patience_is_over(world, small):
    config = small.model_copy(update={"rate": 1e-9, "table_rate": 1e-9, "patience": 2})
    made = trained(world, config)
    assert len(made.held_out.history) < 10


def test_what_is_held_out_changes_nothing_of_the_held_out_tower(world, small):
    config = small.model_copy(update={"epochs": 1})
    cut = world.end - 3 * DAY
    one = trained(world, config, HeldOut(since=cut)).held_out
    log = world.log
    changed = replace(world, log=replace(log, item=np.where(log.time >= cut, (log.item + 7) % N_ITEMS, log.item)))
    other = trained(changed, config, HeldOut(since=cut)).held_out
    np.testing.assert_array_equal(one.item_vectors(), other.item_vectors())


def test_the_same_seed_gives_the_same_tower_and_leaves_torch_as_it_was(world, small):
    config = small.model_copy(update={"epochs": 1, "dropout": 0.2, "text_dropout": 0.2})
    state = torch.get_rng_state()
    one, same, other = (trained(world, config, HeldOut(), seed=seed) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(one.item_vectors(), same.item_vectors())
    assert not np.array_equal(one.item_vectors(), other.item_vectors())
    assert one.history == same.history


def test_shown_and_not_taken_is_pushed_down(world, small):
    log = world.log
    config = small.model_copy(update={"epochs": 8, "impressions": 1, "item_features": False, "item_text": False})
    decoy = np.full(len(log), 7)
    shown = Impressions(log.user, decoy, log.time + 3600.0)
    scores = []
    for given in (None, shown):
        made = trained(world, config, HeldOut(), impressions=given)
        users = made.user_vectors(log, np.arange(log.n_users))
        scores.append(float((users @ made.item_vectors().T)[:, 7].mean()))
    assert scores[1] < scores[0] - 0.1


def test_progress_counts_the_events(world, small):
    class Count:
        done = 0

        def track(self, label, total=None):
            return nullcontext(lambda n: setattr(self, "done", self.done + n))

    count = Count()
    trained(world, small.model_copy(update={"epochs": 1, "length": 50}), HeldOut(), progress=count)
    assert count.done == 60 * 9  # the last event of a user answers, and is not read


def test_what_cannot_be_learnt_is_said_plainly(world, small):
    broken = replace(world, catalogue=replace(world.catalogue, text=world.catalogue.text * np.float32("nan")))
    with pytest.raises(ConfigError, match=r"became nan at step 1. Lower sequence.rate \(0.01\)"):
        trained(broken, small)
