from types import SimpleNamespace

import pytest
import torch
from torch import nn

from benchmarks.rectools.worker.positions import CandidateLogits, groups, real_position_loss

ITEMS, WIDTH, LENGTH = 40, 6, 20


class Model(nn.Module):
    """As much of RecTools' backbone as the loss asks for: causal, padding masked, positions counted from the end."""

    def __init__(self):
        super().__init__()
        self.items = nn.Parameter(torch.randn(ITEMS, WIDTH))
        self.positions = nn.Parameter(torch.randn(LENGTH, WIDTH))
        self.item_model = SimpleNamespace(get_all_embeddings=lambda: self.items)

    def encode_sessions(self, batch, items):
        x = batch["x"]
        there = (x != 0).unsqueeze(-1)
        states = (items[x] + self.positions[: x.shape[1]].flip(0)) * there
        return states.cumsum(dim=1) / there.cumsum(dim=1).clamp(min=1)

    def similarity_module(self, states, items, candidates):
        if candidates is None:
            return states @ items.T
        return (items[candidates] @ states.unsqueeze(-1)).squeeze(-1)


def test_products_with_candidates_have_the_right_gradient():
    torch.manual_seed(4)
    states, items = torch.randn(33, 4, dtype=torch.float64), torch.randn(9, 4, dtype=torch.float64)
    candidates = torch.randint(0, 8, (33, 5))  # nobody is asked about the last item
    products = CandidateLogits.apply(states, items, candidates)
    torch.testing.assert_close(products, (items[candidates] * states.unsqueeze(1)).sum(-1))
    assert torch.autograd.gradcheck(
        lambda s, i: CandidateLogits.apply(s, i, candidates), (states.requires_grad_(), items.requires_grad_())
    )


def mean_loss(logits, y, w):
    loss = nn.functional.cross_entropy(logits.transpose(1, 2), y, ignore_index=0, reduction="none") * w
    return loss.sum() / (loss > 0).sum()


def first_among_candidates(logits, y, w):
    return (torch.logsumexp(logits, -1) - logits[..., 0])[y != 0].mul(w[y != 0]).mean()


def batch_of(lengths, negatives):
    x, y = torch.zeros(len(lengths), LENGTH, dtype=torch.long), torch.zeros(len(lengths), LENGTH, dtype=torch.long)
    for row, length in enumerate(lengths):
        x[row, LENGTH - length :] = torch.randint(1, ITEMS, (length,))
        y[row, LENGTH - length :] = torch.randint(1, ITEMS, (length,))
    batch = {"x": x, "y": y, "yw": torch.rand(len(lengths), LENGTH) + 0.5}
    if negatives:
        batch["negatives"] = torch.randint(1, ITEMS, (len(lengths), LENGTH, negatives))
    return batch


@pytest.mark.parametrize("negatives", [0, 5])
def test_leaving_padding_out_changes_neither_loss_nor_gradient(negatives):
    torch.manual_seed(3)
    batch = batch_of([1, 3, 4, 5, 8, 9, 17, 20, 2], negatives)
    model = Model()
    loss = first_among_candidates if negatives else mean_loss
    module = SimpleNamespace(torch_model=model, loss_calculator=loss, logits_t=1.0)
    short = real_position_loss(module, batch)
    short.backward()
    gradient = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    candidates = torch.cat([batch["y"].unsqueeze(-1), batch["negatives"]], -1) if negatives else None
    states = model.encode_sessions(batch, model.items)
    full = loss(model.similarity_module(states, model.items, candidates), batch["y"], batch["yw"])
    full.backward()
    assert short.item() == pytest.approx(full.item(), rel=1e-5)
    for mine, parameter in zip(gradient, model.parameters(), strict=True):
        torch.testing.assert_close(mine, parameter.grad, rtol=1e-4, atol=1e-6)


def test_each_row_is_in_one_group_and_none_is_cut_short():
    lengths = [4, 5, 20, 1, 16, 17, 0]
    found = groups(batch_of(lengths, 0)["x"])
    rows = [row for group, _ in found for row in group.tolist()]
    assert sorted(rows) == [0, 1, 2, 3, 4, 5]
    assert all(lengths[row] <= length for group, length in found for row in group.tolist())
    assert [length for _, length in found] == [4, 5, 16, 20]
