import numpy as np
import torch
from sequence_world import SMALL, TWIN

from intentrec.towers.sequence.items import ItemSide, start_rows


def side(world, **changes):
    torch.manual_seed(0)
    config = SMALL.model_copy(update=changes)
    made = ItemSide(world.catalogue, config)
    return made.eval(), start_rows(len(world.catalogue), config)


def test_an_item_is_its_row_its_attributes_and_its_text(world):
    ids = torch.arange(4)
    known = torch.ones(4, dtype=torch.bool)
    made, rows = side(world)
    plain = side(world, item_text=False, item_features=False)[0](ids, rows[ids], known)
    torch.testing.assert_close(plain, rows[ids])
    features = sum(table(made.fixed[ids, column]) for column, table in enumerate(made.features))
    text = 0.3 * made.words(made.text[ids])
    torch.testing.assert_close(made(ids, rows[ids], known), rows[ids] + features + text)


def test_items_without_events_are_told_apart_by_text_and_attributes_alone(world):
    made, rows = side(world, item_features=False)
    ids = torch.tensor([0, TWIN, 1])
    hidden = made(ids, rows[ids], torch.zeros(3, dtype=torch.bool))
    torch.testing.assert_close(hidden[0], hidden[1])
    assert not torch.allclose(hidden[0], hidden[2])


def test_no_gradient_reaches_a_hidden_row(world):
    made, rows = side(world)
    ids = torch.arange(3)
    leaf = rows[ids].requires_grad_()
    made(ids, leaf, torch.tensor([True, False, True])).sum().backward()
    assert leaf.grad.abs().sum(1).ne(0).tolist() == [True, False, True]
    assert made.unknown.grad.abs().sum() > 0


def test_text_is_centred_and_of_unit_size(world):
    text = side(world)[0].text.numpy()
    np.testing.assert_allclose(text.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(text.std(), 1, atol=0.01)
