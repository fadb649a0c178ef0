import numpy as np
import pytest
import torch

from encoder_world import tiny
from intentrec.encoder.backbone import open_backbone, prepared
from intentrec.encoder.batches import padded
from intentrec.encoder.losses import Against, bce, info_nce, matryoshka
from intentrec.encoder.step import Stepper, own_slice

PAIRS, CANDIDATES = 5, 9
WAYS = [{}, {"loss": "bce"}, {"pooling": "last"}, {"widths": (1.0,)}]


def texts(n, seed):
    """Of many lengths, some of them equal."""
    rng = np.random.default_rng(seed)
    return [rng.integers(4, 40, size=rng.integers(2, 20)) for _ in range(n)]


def against():
    rng = np.random.default_rng(2)
    positive = rng.permutation(CANDIDATES)[:PAIRS]
    open_ = rng.random((PAIRS, CANDIDATES)) < 0.7
    open_[np.arange(PAIRS), positive] = False
    return Against(torch.from_numpy(open_), torch.from_numpy(positive), torch.zeros(CANDIDATES), PAIRS)


USERS, ITEMS, AGAINST = texts(PAIRS, 0), texts(CANDIDATES, 1), against()


def opened_for(folder, dropout, **changes):
    config = tiny(folder, **changes)
    opened = open_backbone(config)
    prepared(opened, config)
    opened.backbone.train(dropout)
    return config, opened


def gradients(backbone):
    return {name: p.grad.clone() for name, p in backbone.named_parameters() if p.grad is not None}


def stepped(folder, dropout, seed=0, dtype=torch.float32, **changes):
    """Loss, gradients, and where torch's generator stands afterwards."""
    config, opened = opened_for(folder, dropout, **changes)
    stepper = Stepper(opened.backbone, config, opened.vocabulary.padding, "cpu", dtype)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        loss = stepper.run(USERS, ITEMS, AGAINST)
        return loss, gradients(opened.backbone), torch.get_rng_state()


def check(one, other):
    assert one[0] == pytest.approx(other[0], rel=1e-5)
    assert one[1].keys() == other[1].keys()
    for name, gradient in one[1].items():
        torch.testing.assert_close(gradient, other[1][name], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("changes", WAYS)
@pytest.mark.parametrize("micro_batch", [1, 4, 100])
def test_activations_made_again_give_the_gradients_of_those_kept(bert, changes, micro_batch):
    kept, cached = (
        stepped(bert, dropout=True, micro_batch=micro_batch, cached=cached, **changes) for cached in (False, True)
    )
    check(kept, cached)
    assert torch.equal(kept[2], cached[2])  # what is drawn next is the same, too


def test_dropout_was_at_work(bert):
    one, other = (stepped(bert, dropout=True, seed=seed) for seed in (0, 1))
    assert abs(one[0] - other[0]) > 1e-3


@pytest.mark.parametrize("changes", WAYS)
@pytest.mark.parametrize("cached", [False, True])
def test_a_step_has_the_gradients_of_the_plain_computation(bert, changes, cached):
    config, opened = opened_for(bert, dropout=False, **changes)
    vectors = [opened.backbone(*padded(each, opened.vocabulary.padding, "cpu")) for each in (USERS, ITEMS)]
    kind = bce if config.loss == "bce" else info_nce
    widths = [32, 16][: len(config.widths)]
    loss = matryoshka(lambda *rows: kind(*rows, AGAINST, config.temperature), *vectors, widths)
    loss.backward()
    check((loss.item(), gradients(opened.backbone)), stepped(bert, dropout=False, cached=cached, **changes))


@pytest.mark.parametrize("cached", [False, True])
def test_how_many_texts_run_together_does_not_matter(llama, cached):
    one, *others = (stepped(llama, dropout=False, micro_batch=n, cached=cached) for n in (1, 3, 100))
    for other in others:
        check(one, other)


@pytest.mark.parametrize("cached", [False, True])
def test_checkpointing_changes_no_gradient(bert, cached):
    plain, checkpointed = (
        stepped(bert, dropout=True, cached=cached, gradient_checkpointing=on) for on in (False, True)
    )
    check(plain, checkpointed)


def test_gradients_add_to_those_that_are_there(llama):
    config, opened = opened_for(llama, dropout=False)
    stepper = Stepper(opened.backbone, config, 0, "cpu", torch.float32)
    stepper.run(USERS, ITEMS, AGAINST)
    once = gradients(opened.backbone)
    stepper.run(USERS, ITEMS, AGAINST)
    for name, gradient in gradients(opened.backbone).items():
        torch.testing.assert_close(gradient, 2 * once[name])


@pytest.mark.parametrize("cached", [False, True])
def test_half_precision_learns_the_same_but_for_rounding(bert, cached):
    exact, half = (
        stepped(bert, dropout=False, dtype=dtype, cached=cached) for dtype in (torch.float32, torch.bfloat16)
    )
    assert half[0] == pytest.approx(exact[0], rel=0.02)
    name = "model.embeddings.word_embeddings.words.weight"
    assert torch.cosine_similarity(half[1][name].flatten(), exact[1][name].flatten(), dim=0) > 0.98


@pytest.mark.parametrize("world", [1, 2, 3, 7])
@pytest.mark.parametrize("n", [0, 1, 5, 14])
def test_processes_share_everything_between_them(monkeypatch, world, n):
    parts = []
    for rank in range(world):
        monkeypatch.setattr("intentrec.encoder.step.share", lambda rank=rank: (rank, world))
        parts += range(n)[own_slice(n)]
    assert parts == list(range(n))
