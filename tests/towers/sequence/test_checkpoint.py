from contextlib import nullcontext

import numpy as np
import pytest
import torch

from intentrec.errors import ConfigError, DataError
from intentrec.progress import SILENT
from intentrec.towers.sequence import HeldOut, train_sequence
from intentrec.towers.sequence.queries import queries
from intentrec.towers.sequence.segments import n_steps, segments
from intentrec.towers.sequence.sequences import Sequences


class Interrupted(Exception):
    pass


class Fuse:
    """A progress bar that breaks off the training at its n-th step."""

    def __init__(self, steps):
        self.left = steps

    def track(self, label, total=None):
        return nullcontext(self.advance)

    def advance(self, done):
        self.left -= 1
        if not self.left:
            raise Interrupted


@pytest.fixture(scope="module")
def config(small):
    return small.model_copy(update={"epochs": 3, "dropout": 0.2, "text_dropout": 0.2, "target": "window"})


def train(world, config, progress=SILENT, **options):
    options = {"held_out": HeldOut(last=True), "seed": 0, "device": "cpu"} | options
    return train_sequence(world, config, progress=progress, **options)


@pytest.fixture(scope="module")
def whole(world, config):
    return train(world, config)


@pytest.mark.parametrize("optimiser", ["rows", "adagrad"])
def test_a_resumed_training_gives_bit_for_bit_what_it_would_have_given(world, config, tmp_path, optimiser, whole):
    config = config.model_copy(update={"table_optimiser": optimiser})
    whole = whole if optimiser == "rows" else train(world, config)
    sequences = Sequences.of(world.log)
    in_an_epoch = n_steps(segments(sequences, queries(sequences, config), config.length), config.tokens)
    file, interruptions, tower = tmp_path / "deep" / "training.safetensors", 0, None
    while tower is None and interruptions < 20:
        try:
            tower = train(world, config, Fuse(in_an_epoch * 3 // 2 + 1), checkpoint=file)
        except Interrupted:
            interruptions += 1
    assert interruptions > 2
    for one, other in ((tower, whole), (tower.held_out, whole.held_out)):
        assert repr(one.history) == repr(other.history)  # NaN is not equal to itself
        tensors = other.tensors()
        for name, tensor in one.tensors().items():
            assert torch.equal(tensor, tensors[name]), name
    assert [path.name for path in file.parent.iterdir()] == ["training.safetensors"]


def test_a_finished_training_is_not_done_again(world, config, tmp_path, whole):
    file = tmp_path / "training.safetensors"
    train(world, config, checkpoint=file)
    again = train(world, config, Fuse(1), checkpoint=file)
    assert repr(again.history) == repr(whole.history)
    np.testing.assert_array_equal(again.item_vectors(), whole.item_vectors())
    np.testing.assert_array_equal(again.held_out.item_vectors(), whole.held_out.item_vectors())


def test_a_checkpoint_of_another_training_or_a_damaged_one_is_refused(world, config, tmp_path):
    file = tmp_path / "training.safetensors"
    short = config.model_copy(update={"epochs": 1})
    train(world, short, held_out=HeldOut(), checkpoint=file)
    with pytest.raises(ConfigError, match="other data, settings or seed"):
        train(world, short, held_out=HeldOut(), checkpoint=file, seed=1)
    file.write_bytes(b"short")
    with pytest.raises(DataError, match="is damaged"):
        train(world, short, held_out=HeldOut(), checkpoint=file)
