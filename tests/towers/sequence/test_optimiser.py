import pytest
import torch

from intentrec.towers.sequence import SequenceConfig
from intentrec.towers.sequence.optimiser import DenseAdam, RowAdagrad, RowAdam, table_optimiser

KINDS = {"rows": RowAdam, "adagrad": RowAdagrad, "dense": DenseAdam}


def made(kind, table):
    return table_optimiser(table, SequenceConfig(table_optimiser=kind))


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_config_decides_and_only_touched_rows_move_at_first(kind):
    table = torch.zeros(5, 3)
    optimiser = made(kind, table)
    assert type(optimiser) is KINDS[kind]
    optimiser.step(table, torch.tensor([3, 1]), torch.tensor([[1.0, 2, 3], [-1, -2, -3]]), 0.1)
    assert table[[0, 2, 4]].abs().sum() == 0
    assert (table[3] < 0).all()
    torch.testing.assert_close(table[1], -table[3])


@pytest.mark.parametrize("kind", ["rows", "dense"])
def test_on_all_rows_it_is_torchs_adam(kind):
    torch.manual_seed(0)
    table, weight = torch.zeros(4, 3), torch.nn.Parameter(torch.zeros(4, 3))
    optimiser, reference = made(kind, table), torch.optim.Adam([weight], lr=0.01, betas=(0.9, 0.98))
    for _ in range(5):
        weight.grad = torch.randn(4, 3)
        optimiser.step(table, torch.arange(4), weight.grad, 0.01)
        reference.step()
    torch.testing.assert_close(table, weight.detach())


def test_an_untouched_row_rests_under_rows_and_drifts_under_dense():
    for kind, rests in (("rows", True), ("dense", False)):
        table = torch.zeros(2, 2)
        optimiser = made(kind, table)
        optimiser.step(table, torch.tensor([0]), torch.ones(1, 2), 0.1)
        before = table[0].clone()
        optimiser.step(table, torch.tensor([1]), torch.ones(1, 2), 0.1)
        assert torch.equal(before, table[0]) is rests


def test_adagrad_remembers_one_number_a_row_and_slows_down():
    table = torch.zeros(3, 4)
    optimiser = made("adagrad", table)
    assert optimiser.state["square"].shape == (3,)
    moves = []
    for _ in range(3):
        before = table[0].clone()
        optimiser.step(table, torch.tensor([0]), torch.ones(1, 4), 0.1)
        moves.append(float((before - table[0])[0]))
    assert moves == sorted(moves, reverse=True)
    assert moves[2] == pytest.approx(0.1 / 3**0.5, rel=0.01)
