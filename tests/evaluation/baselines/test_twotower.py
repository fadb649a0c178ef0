import numpy as np
import pytest
import torch
from scipy import sparse

from intentrec.errors import ConfigError
from intentrec.evaluation.baselines import TwoTower
from intentrec.evaluation.baselines.twotower_training import Options, Towers, batches, in_batch_loss, train
from intentrec.testing import checkerboard

OPTIONS = Options(width=4, history=3, temperature=0.5, rate=0.01, epochs=1, batch=2, dropout=0.0, seed=0, device="cpu")


def test_every_event_with_an_earlier_one_is_an_example_with_the_latest_first():
    user = np.array([0, 0, 0, 0, 0, 1, 2, 2])
    item = np.array([1, 2, 3, 4, 5, 6, 7, 8])
    options = Options(**{**vars(OPTIONS), "batch": 99})
    [(histories, targets)] = batches(user, item, 9, options, np.random.default_rng(0))
    found = {int(target): history.tolist() for target, history in zip(targets, histories, strict=True)}
    assert found == {2: [1, 9, 9], 3: [2, 1, 9], 4: [3, 2, 1], 5: [4, 3, 2], 8: [7, 9, 9]}


def test_batches_shuffle_and_leave_out_a_last_one_without_negatives():
    user, item = np.zeros(6, dtype=np.int64), np.arange(6)
    found = [targets.tolist() for _, targets in batches(user, item, 6, OPTIONS, np.random.default_rng(1))]
    assert [len(part) for part in found] == [2, 2]
    assert list(batches(user[:0], item[:0], 6, OPTIONS, np.random.default_rng(1))) == []


def test_the_loss_by_hand_with_a_target_that_stands_twice():
    torch.manual_seed(0)
    network = Towers(5, 4, 0.0).eval()
    histories, targets = torch.tensor([[0, 1], [1, 5], [2, 5]]), torch.tensor([3, 4, 3])
    log_q = torch.log(torch.tensor([0.1, 0.1, 0.1, 0.5, 0.2]))
    vectors = network.vectors.weight.detach().numpy().astype(np.float64)
    losses = []
    for row, history in enumerate([[0, 1], [1], [2]]):
        with torch.no_grad():
            user = network.users(torch.from_numpy(vectors[history].mean(axis=0, keepdims=True).astype(np.float32)))[0]
        unit = {t: vectors[t] / np.linalg.norm(vectors[t]) for t in (3, 4)}
        logits = [float(user.numpy() @ unit[t]) / 0.5 - float(log_q[t]) for t in (3, 4, 3)]
        losses.append(np.log(np.exp(logits).sum()) - logits[row])
    loss = in_batch_loss(network, histories, targets, log_q, 0.5)
    assert loss.item() == pytest.approx(np.mean(losses), rel=1e-5)


def test_with_log_q_the_softmax_over_all_items_is_the_share_of_each():
    """All histories are alike, and targets follow 8 : 1 : 1: what a softmax over everything would learn."""
    events = [(n, 0, 1 + (0 if n % 10 < 8 else n % 10 - 7)) for n in range(400)]
    user = np.repeat([n for n, *_ in events], 2)
    item = np.array([code for _, first, target in events for code in (first, target)])

    options = Options(
        width=8, history=1, temperature=0.5, rate=0.03, epochs=12, batch=40, dropout=0.0, seed=0, device="cpu"
    )
    fitted = train(user, item, 4, options)

    scores = (fitted.users(sparse.csr_array(np.array([[1.0, 0, 0, 0]]))) @ fitted.items.T)[0] / 0.5
    shares = np.exp(scores[1:]) / np.exp(scores[1:]).sum()
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.05)


def test_the_callers_own_draws_are_left_alone():
    world = checkerboard(6)
    torch.manual_seed(3)
    expected = torch.rand(2).tolist()
    torch.manual_seed(3)
    TwoTower(width=4, epochs=1).fit(world.events, world.items)
    assert torch.rand(2).tolist() == expected


def test_another_seed_gives_other_towers():
    world = checkerboard(6)
    first, other = (TwoTower(width=4, epochs=1, seed=seed).fit(world.events, world.items) for seed in (0, 1))
    assert not first.recommend(world.users, 3).equals(other.recommend(world.users, 3))


def test_nobody_has_two_events(log, shelf):
    system = TwoTower(width=4, epochs=1).fit(log("a x 0", "b y 0"), shelf("x", "y", "new"))
    assert set(system.recommend(["a", "stranger"], 5)["item_id"]) == {"y"}


def test_it_refuses_what_does_not_fit(log, shelf):
    with pytest.raises(ConfigError, match="twotower needs about"):
        TwoTower(memory_limit_gb=1e-9).fit(log("a x 0", "a y 1"), shelf("x", "y"))
