import pytest
import torch
from sequence_world import SMALL

from intentrec.errors import ConfigError
from intentrec.towers.sequence.encoder import Encoder

VARIANTS = [{}, {"user": "mean"}, {"codes": 3}, {"gaps": False, "kinds": False, "layers": 2}]


def encoder(**changes):
    torch.manual_seed(0)
    made = Encoder(2, 3, SMALL.model_copy(update=changes))
    for weight in made.parameters():  # every path counts
        torch.nn.init.normal_(weight, std=0.5)
    return made.eval()


def inputs(size=3, time=7):
    draw = torch.Generator().manual_seed(1)
    codes = (torch.randint(high, (size, time), generator=draw) for high in (12, 2))
    return torch.randn(size, time, 16, generator=draw), *codes


@pytest.mark.parametrize("changes", VARIANTS)
def test_what_comes_later_changes_no_earlier_state(changes):
    made, (items, gaps, kinds) = encoder(**changes), inputs()
    before = made(items, gaps, kinds)
    items, gaps, kinds = items.clone(), gaps.clone(), kinds.clone()
    items[:, 4], gaps[:, 4], kinds[:, 4] = 9.0, 3, 1 - kinds[:, 4]
    after = made(items, gaps, kinds)
    torch.testing.assert_close(before[:, :4], after[:, :4])
    assert not torch.isclose(before[:, 4:], after[:, 4:]).flatten(2).all(dim=2).any()
    torch.testing.assert_close(before[:, :3], made(items[:, :3], gaps[:, :3], kinds[:, :3]))


def test_the_mean_reads_every_event_alike():
    made, (items, gaps, kinds) = encoder(user="mean"), inputs()
    turned = torch.arange(6, -1, -1)
    one, other = made(items, gaps, kinds), made(items[:, turned], gaps[:, turned], kinds[:, turned])
    torch.testing.assert_close(one[:, -1], other[:, -1])
    assert not len(made.attentions)


def test_codes_give_several_states_that_differ():
    states = encoder(codes=3)(*inputs())
    assert states.shape == (3, 7, 3, 16)
    assert not torch.allclose(states[:, -1, 0], states[:, -1, 1])
    torch.testing.assert_close(states[:, 0, 0], states[:, 0, 1])  # one event: all codes read the same


@pytest.mark.parametrize(("switch", "place"), [("gaps", 1), ("kinds", 2)])
def test_gaps_and_kinds_can_be_switched_off(switch, place):
    given = list(inputs())
    for on in (True, False):
        made = encoder(**{switch: on})
        changed = [*given]
        changed[place] = 1 - given[place] % 2
        assert torch.equal(made(*given), made(*changed)) is not on


def test_the_clock_of_the_last_event_knows_no_waiting():
    periods, since = torch.tensor([0, 1, 1]), torch.tensor([3, 3, 4])
    waiting = encoder(clock="request").context(periods, since)
    assert len(torch.unique(waiting, dim=0)) == 3
    assert len(torch.unique(encoder(clock="last").context(periods, since), dim=0)) == 2


def test_heads_must_divide_the_width():
    with pytest.raises(ConfigError, match="16 cannot be split into 3 heads"):
        encoder(heads=3)
