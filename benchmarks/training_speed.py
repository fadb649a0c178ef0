"""How fast the sequence tower learns: `python -m benchmarks.training_speed [--rectools-json FILE]`.

In one process and on one log, in turns:
1. events per second against the plain loop of `plain_sequence_loop`, at the same loss and schedule, and the validation
   recall that both come to after as many epochs;
2. positions per second against RecTools' SASRec, where its measurement is given: a JSON file with
   `positions_per_second` and `positions_per_cpu_second`, as `benchmarks.rectools` makes them at equal width and length;
3. the time of a step against what its matrix products and its memory traffic take at least, both measured here;
4. ten times the events against ten times the time.

The log is made up: chains of items that users follow more often than not, between popular items, with histories of
eight or nine events on average, as in Amazon Beauty. Processor seconds count, so that a busy machine does not decide.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.plain_sequence_loop import PlainRun
from intentrec.codes import Codes
from intentrec.data.log import DAY, Log
from intentrec.towers.catalogue import Catalogue
from intentrec.towers.sequence import HeldOut, SequenceConfig
from intentrec.towers.sequence.batches import Batch
from intentrec.towers.sequence.run import Run
from intentrec.towers.sequence.segments import steps
from intentrec.towers.sequence.serving import user_codes
from intentrec.towers.sequence.validation import Trial, trial, validate

LOOP_LIMIT, RECTOOLS_LIMIT, MACHINE_LIMIT, GROWTH_LIMIT = 4.0, 10.0, 4.0, 11.0
_COPY_MB, _BEST_OF, _STEPS = 64, 5, 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=6000)
    parser.add_argument("--items", type=int, default=6000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rectools-json", type=Path, help="a measurement of RecTools' SASRec on this machine")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"- machine: {platform.machine()}, {options.threads} thread(s), Python {platform.python_version()}")
    print(f"- torch {torch.__version__}")
    config = SequenceConfig(epochs=options.epochs)
    _warm_up(config)
    log = made_log(options.users, options.items)
    ours = against_the_loop(log, config)
    if options.rectools_json:
        against_rectools(ours, json.loads(options.rectools_json.read_text("utf-8")))
    against_the_machine(log, config)
    growth(options.users, options.items, config)


@dataclass
class Speed:
    """Events learnt from and what they took.

    Attributes:
        events: Padding not counted.
        cpu: Processor seconds of all threads.
        wall: Seconds.
    """

    events: int = 0
    cpu: float = 0.0
    wall: float = 0.0

    def measure(self, work: Callable[[], int]) -> None:
        """Add work that says how many events it learnt from."""
        cpu, wall = time.process_time(), time.perf_counter()
        self.events += work()
        self.cpu += time.process_time() - cpu
        self.wall += time.perf_counter() - wall

    @property
    def per_cpu_second(self) -> float:
        """Events per processor second."""
        return self.events / self.cpu

    @property
    def per_second(self) -> float:
        """Events per second."""
        return self.events / self.wall


def made_log(n_users: int, n_items: int, seed: int = 0) -> Log:
    """Histories of 3 to 50 events, about a week apart, over two years."""
    rng = np.random.default_rng(seed)
    lengths = np.clip(2 + rng.geometric(1 / 6.5, n_users), 3, 50)
    follower = rng.permutation(n_items)
    popular = (rng.beta(0.6, 3.0, int(lengths.sum())) * n_items).astype(np.int64)
    follows = rng.random(len(popular)) < 0.6
    user = np.repeat(np.arange(n_users), lengths)
    first = np.concatenate([[True], np.diff(user) > 0])
    item = popular
    for place in range(1, len(item)):
        if follows[place] and not first[place]:
            item[place] = follower[item[place - 1]]
    start = np.repeat(rng.random(n_users) * 365, lengths)
    waits = np.where(first, 0.0, rng.exponential(7.0, len(item)))
    total = np.cumsum(waits)
    when = (start + total - np.repeat(total[first], lengths)) * DAY
    order = np.argsort(when, kind="stable")
    zeros = np.zeros(len(item), dtype=np.int64)
    return Log(user[order], item[order], zeros, np.ones(len(item)), when[order], n_users, n_items, 1)


def made_catalogue(n_items: int) -> Catalogue:
    """Items that are nothing but ids: what every library can learn from."""
    names = Codes(tuple(f"{number:08}" for number in range(n_items)))
    return Catalogue(names, np.zeros((n_items, 3), dtype=np.int64), (1, 1, 1), None)


def against_the_loop(log: Log, config: SequenceConfig) -> Speed:
    """Train both for the same number of epochs, in turns, and print speeds and recalls."""
    judged = trial(log, HeldOut(last=True), config)
    if judged is None:
        raise SystemExit("The log is too small to hold anything out.")
    catalogue = made_catalogue(log.n_items)
    torch.manual_seed(0)
    runs = {"ours": Run(judged.past, catalogue, config, 0, "cpu")}
    torch.manual_seed(0)
    runs["plain"] = PlainRun(judged.past, catalogue, config, 0)
    speeds = {name: Speed() for name in runs}
    for _ in range(config.epochs):
        for name, run in runs.items():
            speeds[name].measure(lambda run=run: _epoch(run))  # type: ignore[misc]
    print(f"\n{len(judged.past):,} events, width {config.width}, {config.layers} layers, {config.epochs} epochs\n")
    print("| loop | events / CPU s | events / s | recall@10 | NDCG@10 |\n|---|---|---|---|---|")
    for name, run in runs.items():
        found = _found(run, judged)
        speed = speeds[name]
        print(f"| {name} | {speed.per_cpu_second:.0f} | {speed.per_second:.0f} | {found[0]:.4f} | {found[1]:.4f} |")
    _verdict("ours / plain, events per CPU second", speeds["ours"].per_cpu_second / speeds["plain"].per_cpu_second)
    print(f"  (by the clock {speeds['ours'].per_second / speeds['plain'].per_second:.1f}; at least {LOOP_LIMIT:g})")
    return speeds["ours"]


def against_rectools(ours: Speed, theirs: dict[str, float]) -> None:
    """Print positions per second against a measurement of RecTools. Each of our events is a position."""
    _verdict("\nours / RecTools, positions per CPU second", ours.per_cpu_second / theirs["positions_per_cpu_second"])
    ratio = ours.per_second / theirs["positions_per_second"]
    print(f"  (by the clock, at different times: {ratio:.1f}; at least {RECTOOLS_LIMIT:g})")


def against_the_machine(log: Log, config: SequenceConfig) -> None:
    """Print the time of a step, that of its products and its memory traffic alone, and their ratio."""
    run = Run(log, made_catalogue(log.n_items), config, 0, "cpu")
    run.model.train()
    chosen = list(steps(run.parts, config.tokens, run.rng))[:_STEPS]
    speed, products, moved = Speed(), 0.0, 0.0
    n_weights = sum(weight.numel() for weight in run.model.parameters())
    flops = 0
    for some in chosen:
        speed.measure(lambda some=some: run.step(some)[1])  # type: ignore[misc]
        batch = run.batcher.batch(some)
        shapes = gemms(batch, config)
        products += sum(gemm_seconds(*shape) * times for shape, times in shapes.items())
        flops += sum(6 * m * k * n * times for (m, k, n), times in shapes.items())
        moved += traffic(batch, shapes, config, n_weights)
    bandwidth = copy_bandwidth()
    memory = moved / bandwidth
    binds = "products bind" if products > memory else "memory binds"
    each = 1000 / len(chosen)
    size = f"{flops / len(chosen) / 1e9:.1f} GFLOP, {speed.events / len(chosen):.0f} events"
    print(f"\n- a step: {speed.cpu * each:.1f} ms, {size}")
    print(f"- its products alone: {products * each:.1f} ms at {flops / products / 1e9:.0f} GFLOP/s")
    print(f"- its memory traffic alone: {memory * each:.1f} ms at {bandwidth / 1e9:.1f} GB/s")
    _verdict(f"step / minimum ({binds})", speed.cpu / max(products, memory))
    print(f"  (at most {MACHINE_LIMIT:g})")


def growth(n_users: int, n_items: int, config: SequenceConfig) -> None:
    """Print the time of preparing and learning an epoch of ten times as many events, over that of the log."""
    speeds = []
    for times in (1, 10):
        log = made_log(n_users * times // 2, n_items, seed=1)
        speed = Speed()
        speed.measure(lambda log=log: _epoch(Run(log, made_catalogue(n_items), config, 0, "cpu")))  # type: ignore[misc]
        print(f"\n- {len(log):,} events: {speed.cpu:.1f} CPU s" if times == 1 else f"- {len(log):,}: {speed.cpu:.1f}")
        speeds.append((len(log), speed.cpu))
    (few, short), (many, long) = speeds
    _verdict("time per ten times the events", long / short * 10 / (many / few))
    print(f"  (at most {GROWTH_LIMIT:g})")


def gemms(batch: Batch, config: SequenceConfig) -> dict[tuple[int, int, int], int]:
    """Matrix products of a step as (m, k, n) and how many of each; each comes forward and, twice, backward.

    Those of attention are left out: at fifty events they are a fiftieth of the rest.
    """
    tokens, width, hidden = batch.history.size, config.width, config.hidden
    layer = [(tokens, width, 3 * width), (tokens, width, width), (tokens, width, 2 * hidden), (tokens, hidden, width)]
    found = dict.fromkeys(layer, config.layers)
    found[len(batch.at), width + config.context_width, len(batch.bias)] = 1
    return found


def traffic(batch: Batch, shapes: dict[tuple[int, int, int], int], config: SequenceConfig, n_weights: int) -> float:
    """Bytes that a step reads and writes at least.

    Three times the operands and results of each product; of the dense weights seven numbers each (weight, gradient and
    two moments read, weight and moments written); of each touched item row ten.
    """
    operands = sum(3 * (m * k + k * n + m * n) * times for (m, k, n), times in shapes.items())
    # The logits never leave the cache.
    logits = 3 * len(batch.at) * len(batch.bias)
    rows = 10 * len(batch.items) * (config.width + config.context_width)
    return 4.0 * (operands - logits + 7 * n_weights + rows)


def gemm_seconds(m: int, k: int, n: int) -> float:
    """Processor seconds of one product of the shape and the two of its gradients, the best of some."""
    left, right, grad = torch.randn(m, k), torch.randn(k, n), torch.randn(m, n)
    outs = torch.empty(m, n), torch.empty(m, k), torch.empty(k, n)

    def products() -> int:
        torch.mm(left, right, out=outs[0])
        torch.mm(grad, right.T, out=outs[1])
        torch.mm(left.T, grad, out=outs[2])
        return 1

    return _best(products)


def copy_bandwidth() -> float:
    """Bytes per processor second that a copy reads and writes, the best of some."""
    source = torch.ones(_COPY_MB * 2**18)
    target = torch.empty_like(source)

    def copy() -> int:
        target.copy_(source)
        return 1

    return 2 * _COPY_MB * 2**20 / _best(copy)


def _best(work: Callable[[], int]) -> float:
    speeds = [Speed() for _ in range(_BEST_OF)]
    for speed in speeds:
        speed.measure(work)
    return min(speed.cpu for speed in speeds)


def _epoch(run: Run) -> int:
    run.epoch(lambda _: None)
    return int(run.parts.lengths.sum())


def _warm_up(config: SequenceConfig) -> None:
    """Train a little: torch loads parts of itself at the first steps, which is not to be measured."""
    log = made_log(100, 100)
    for run in (Run(log, made_catalogue(100), config, 0, "cpu"), PlainRun(log, made_catalogue(100), config, 0)):
        run.epoch(lambda _: None)


def _found(run: Run, judged: Trial) -> tuple[float, float]:
    run.model.eval()
    table, calendar = run.model.table(), run.model.shape.calendar
    queries = user_codes(run.model.encoder, table, calendar, judged.past, judged.users, None)
    found = validate(judged, queries, table.numpy(), run.config)
    return found.new, found.ndcg


def _verdict(what: str, ratio: float) -> None:
    print(f"{what}: {ratio:.2f}", flush=True)


if __name__ == "__main__":
    main()
