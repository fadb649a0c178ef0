from dataclasses import replace

import numpy as np
import pytest
import torch
from sequence_world import SMALL

from intentrec.towers.sequence.batches import Batcher
from intentrec.towers.sequence.model import SequenceModel, Shape
from intentrec.towers.sequence.queries import queries
from intentrec.towers.sequence.sampling import Sampler
from intentrec.towers.sequence.segments import Segments, segments
from intentrec.towers.sequence.sequences import Calendar, Sequences

CHOSEN = np.array([3, 0, 7, 20, 11, 5])


def parts_of(world, **changes):
    config = SMALL.model_copy(update=changes)
    sequences = Sequences.of(world.log)
    asked = queries(sequences, config)
    return config, sequences, asked, segments(sequences, asked, config.length)


def batcher(world, parts=None, **changes):
    config, sequences, asked, found = parts_of(world, **changes)
    calendar = Calendar.of(world.log.time, config.period_days)
    sampler = Sampler(sequences, asked, world.catalogue.fixed[:, 0], config)
    return Batcher(sequences, asked, parts or found, sampler, calendar, config, np.random.default_rng(0))


def model(world, **changes):
    torch.manual_seed(0)
    config = SMALL.model_copy(update=changes)
    shape = Shape(1, Calendar.of(world.log.time, config.period_days))
    known = np.bincount(world.log.item, minlength=world.log.n_items) > 0
    made = SequenceModel(world.catalogue, known, shape, config, "cpu")
    return made.eval()


def loss_of(made, batch):
    return made.loss(batch, made.rows[torch.from_numpy(batch.items)]).item()


def test_a_batch_holds_its_segments_questions_and_answers(world):
    made = batcher(world)
    batch = made.batch(CHOSEN)
    sequences, parts = made.sequences, made.parts
    for row, segment in enumerate(CHOSEN):
        own = slice(parts.start[segment], parts.end[segment])
        length = own.stop - own.start
        assert batch.items[batch.history[row, :length]].tolist() == sequences.item[own].tolist()
        assert batch.gaps[row, :length].tolist() == sequences.gap[own].tolist()
    assert len(np.unique(batch.items)) == len(batch.items)
    asked = batch.items[batch.history.ravel()[batch.at]]
    answers = batch.items[batch.targets]
    assert answers.tolist() == [item // 5 * 5 + (item + 1) % 5 for item in asked[batch.rows].tolist()]
    assert batch.weights.sum() == pytest.approx(1)
    shared = len(batch.bias)
    assert [tuple(cell) for cell in batch.masked.T] == list(zip(batch.rows, batch.targets, strict=True))
    assert shared == 30


def test_the_same_item_is_gathered_once_however_often_it_comes(world):
    batch = batcher(world).batch(np.arange(60))
    assert len(batch.items) == 30
    assert batch.history.size > 400


@pytest.mark.parametrize("target", ["next", "window"])
def test_the_order_of_a_batch_does_not_change_the_loss(world, target):
    made = model(world, target=target)
    one = batcher(world, target=target, max_targets=99).batch(CHOSEN)
    other = batcher(world, target=target, max_targets=99).batch(CHOSEN[::-1].copy())
    assert loss_of(made, one) == pytest.approx(loss_of(made, other), rel=1e-5)


def test_padding_does_not_change_the_loss(world):
    made, batch = model(world, length=20), batcher(world, length=20).batch(CHOSEN)
    width = batch.history.shape[1]
    longer = {
        name: np.pad(getattr(batch, name), ((0, 0), (0, 3)), constant_values=0) for name in ("history", "gaps", "kinds")
    }
    padded = replace(batch, at=batch.at // width * (width + 3) + batch.at % width, **longer)
    assert loss_of(made, padded) == pytest.approx(loss_of(made, batch), rel=1e-5)


def test_shares_of_a_batch_add_up_to_it(world):
    settings = {"target": "window", "negatives": 12, "hard": 3, "in_batch": 5, "max_targets": 2, "fading_days": 3.0}
    made = model(world, **settings)
    whole = loss_of(made, batcher(world, **settings).batch(CHOSEN))
    shares = [loss_of(made, batcher(world, **settings).batch(CHOSEN, (rank, 4))) for rank in range(4)]
    assert sum(shares) == pytest.approx(whole, rel=1e-5)


def test_a_question_with_many_answers_is_asked_for_some_and_masks_all(world):
    batch = batcher(world, target="window", max_targets=2, crowd=1.0).batch(CHOSEN)
    counts = np.bincount(batch.rows)
    assert counts.max() == 2
    answers = np.bincount(batch.masked[0])
    assert answers.max() > 2
    per_question = np.bincount(batch.rows, weights=batch.weights)
    np.testing.assert_allclose(per_question, per_question[0], rtol=1e-5)  # crowd = 1: each question weighs the same


def test_old_questions_fade(world):
    batch = batcher(world, fading_days=2.0).batch(CHOSEN[:1])
    np.testing.assert_allclose(batch.weights[1:] / batch.weights[:-1], 2**0.5, rtol=1e-3)


def test_a_share_without_a_segment_is_empty(world):
    found = parts_of(world)[3]
    one = Segments(found.start[:1], found.end[:1], found.first[:1])
    batch = batcher(world, one).batch(np.array([0]), (1, 2))
    assert (len(batch.history), len(batch.rows), len(batch.at), batch.n_events) == (0, 0, 0, 0)
