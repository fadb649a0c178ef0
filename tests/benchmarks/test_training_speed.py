import numpy as np
import pytest
import torch

from benchmarks.plain_sequence_loop import PlainRun
from benchmarks.training_speed import (
    Speed,
    against_rectools,
    gemms,
    growth,
    made_catalogue,
    made_log,
    traffic,
)
from intentrec.towers.sequence import SequenceConfig
from intentrec.towers.sequence.run import Run

CONFIG = SequenceConfig(
    width=8, heads=2, layers=2, hidden=16, context_width=2, dropout=0.0, id_dropout=0.0, epochs=1, tokens=256
)


@pytest.fixture(scope="module")
def log():
    return made_log(60, 40)


def test_the_made_log_is_in_order_and_mostly_follows_its_chains(log):
    assert (np.diff(log.time) >= 0).all()
    counts = np.bincount(log.user)
    assert 3 <= counts.min() <= counts.max() <= 50
    large = made_log(3000, 500)
    order = np.argsort(large.user, kind="stable")
    user, item = large.user[order], large.item[order]
    pairs = (item[:-1] * 500 + item[1:])[user[:-1] == user[1:]]
    commonest = sum(np.bincount(pairs, minlength=250_000).reshape(500, 500).max(axis=1))
    assert 0.55 < commonest / len(pairs) < 0.8


def test_both_loops_have_the_same_loss(log):
    torch.manual_seed(0)
    ours = Run(log, made_catalogue(40), CONFIG, 0, "cpu")
    torch.manual_seed(0)
    plain = PlainRun(log, made_catalogue(40), CONFIG, 0)
    chosen = np.array([3, 9, 20])
    batch = ours.batcher.batch(chosen)
    rows = [plain.loader.dataset[int(row)] for row in chosen]
    together = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
    for run in (ours, plain):
        run.model.eval()
    loss = ours.model.loss(batch, ours.model.rows[torch.from_numpy(batch.items)]).item()
    assert plain.loss(together).item() == pytest.approx(loss, rel=1e-5)


def test_both_loops_learn_about_as_well_in_as_many_epochs(log):
    losses = []
    for kind in (
        lambda: Run(log, made_catalogue(40), CONFIG, 0, "cpu"),
        lambda: PlainRun(log, made_catalogue(40), CONFIG, 0),
    ):
        torch.manual_seed(0)
        run = kind()
        losses.append([run.epoch(lambda _: None) for _ in range(8)][-1])
        assert run.events_per_second > 0
    assert losses[0] == pytest.approx(losses[1], rel=0.1)
    assert losses[0] < np.log(40)


def test_products_and_traffic_of_a_step(log):
    run = Run(log, made_catalogue(40), CONFIG, 0, "cpu")
    batch = run.batcher.batch(np.array([3, 9, 20]))
    tokens, asked, shared = batch.history.size, len(batch.at), len(batch.bias)
    found = gemms(batch, CONFIG)
    assert found == {
        (tokens, 8, 24): 2, (tokens, 8, 8): 2, (tokens, 8, 32): 2, (tokens, 16, 8): 2, (asked, 10, shared): 1
    }  # fmt: skip
    one = {(asked, 10, shared): 1}
    expected = 4 * (3 * (asked * 10 + 10 * shared) + 7 * 100 + 10 * len(batch.items) * 10)
    assert traffic(batch, one, CONFIG, 100) == expected


def test_ratios_are_printed(capsys):
    against_rectools(Speed(100, 2.0, 4.0), {"positions_per_second": 5.0, "positions_per_cpu_second": 2.0})
    assert "per CPU second: 25.00" in (text := capsys.readouterr().out)
    assert "at different times: 5.0" in text
    growth(40, 30, CONFIG)
    assert "time per ten times the events: " in capsys.readouterr().out
