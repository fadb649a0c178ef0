import pytest
import torch

from intentrec.towers import TowersConfig
from intentrec.towers.network import Network, Sizes, pool

SIZES = Sizes(n_items=5, n_users=3, n_kinds=1, fixed=(2, 1, 3), text=0, n_words=4, tag_text=0)
CONFIG = TowersConfig(width=4, context_width=2, hidden=8, feature_width=2, dropout=0.0)


def test_pools_are_weighted_sums_over_the_root_of_the_weight():
    table = torch.eye(3)
    weights = torch.tensor([[1.0, 4.0], [3.0, 0.0], [1.0, 1.0]])
    one, two = pool(table, torch.tensor([0, 1, 2]), torch.tensor([0, 2, 2, 3]), weights)
    assert one.tolist() == [[0.5, 1.5, 0], [0, 0, 0], [0, 0, 1]]
    assert two.tolist() == [[2, 0, 0], [0, 0, 0], [0, 0, 1]]


def test_before_training_a_user_is_the_sum_of_their_items_and_follows_demand():
    torch.manual_seed(0)
    network = Network(SIZES, CONFIG).eval()
    pools = [torch.tensor([[1.0, 2.0, 0.0, 0.0]]) for _ in range(4)]
    out = network.user(pools, torch.zeros(1, 5), torch.tensor([0]))
    assert out.tolist()[0] == pytest.approx([10.0, 20.0, 0, 0, 1, 1])


def test_before_training_an_item_is_its_own_embedding():
    network = Network(SIZES, CONFIG).eval()
    out = network.item(torch.zeros(5, 8, dtype=torch.long), torch.zeros(5, 4), None)
    assert torch.equal(out[:, :4], network.item.ids.weight)
    assert out.shape == (5, 6)


def test_a_user_id_counts_only_where_it_is_known():
    torch.manual_seed(0)
    network = Network(SIZES, CONFIG.model_copy(update={"user_id_width": 3})).eval()
    torch.nn.init.normal_(network.user.network[3].weight)
    pools = [torch.ones(3, 4) for _ in range(4)]
    out = network.user(pools, torch.zeros(3, 5), torch.tensor([0, 1, 0]))
    assert torch.equal(out[0], out[2])
    assert not torch.allclose(out[0], out[1])


def test_words_of_a_tag_are_averaged():
    network = Network(SIZES, CONFIG).eval()
    out = network.tag(torch.tensor([1, 2, 2, 1, 3]), torch.tensor([0, 2, 4]))
    torch.testing.assert_close(out[0], out[1])
    assert out.shape == (3, 6)
