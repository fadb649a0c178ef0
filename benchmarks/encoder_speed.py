"""What the encoder costs beside bare transformers and sentence-transformers, and how soon what is new is served.

    python -m benchmarks.encoder_speed --data FOLDER [--texts 2000] [--pairs 256] [--rounds 3] [--device cpu]
        [--threads 2] [--model minilm]

On the items and events of Amazon Beauty, in one process:
1. encoding item prompts against the bare model, which is given the same batches, already sorted, padded and on the
   device, and stores nothing; then the same prompts a second time;
2. training on pairs against the loop of `plain_encoder_loop`, on the same pairs;
3. near-line: from the start of an ingest to a list that shows what it brought; see `encoder_freshness`.

Rivals take turns, and who begins changes from turn to turn; in training each step is a turn. Ratios are medians over
the turns, by processor seconds and by the clock. On a CPU the former count, so that a busy machine does not decide.
Prints one table in Markdown.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.encoder_freshness import freshness
from benchmarks.plain_encoder_loop import PairTexts, PlainLoop, rendered
from benchmarks.quality.tasks import KINDS, Task, load
from intentrec.encoder import Encoder, fit
from intentrec.encoder.backbone import open_backbone, precision_of, prepared
from intentrec.encoder.batches import by_tokens, padded
from intentrec.encoder.config import EncoderConfig
from intentrec.encoder.data import EncoderData
from intentrec.encoder.prompts import ItemTexts, Prompts
from intentrec.encoder.step import Stepper
from intentrec.encoder.training import Training
from intentrec.encoder.vocabulary import Tokens
from intentrec.progress import SILENT

ENCODING_LIMIT, TRAINING_LIMIT = 0.9, 1 / 1.2
Clock = Literal["cpu", "wall"]
CLOCKS: tuple[Clock, ...] = get_args(Clock)
Row = tuple[str, str, str, str, str]
"""What is measured, ours, what stands beside it, the ratio, and what is claimed."""


def main() -> None:
    options = parser().parse_args()
    torch.set_num_threads(options.threads)
    task = load(options.data, "beauty", "time")
    config = EncoderConfig(model=options.model)
    load_before = os.getloadavg()[0]
    rows: list[Row] = []
    for part in (
        partial(encoding, n=options.texts, rounds=options.rounds),
        partial(training, n=options.pairs, rounds=options.rounds),
        freshness,
    ):
        made = part(task, config, device=options.device)
        rows += made
        print(table(made), file=sys.stderr, flush=True)
    print(f"- {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.machine()}, {os.cpu_count()} cores,", end=" ")
    print(f"{options.threads} thread(s), device {options.device}, Python {platform.python_version()}")
    print(f"- torch {torch.__version__}, model {options.model}, {options.rounds} rounds")
    print(f"- load before and after (processes that want a core): {load_before:.1f}, {os.getloadavg()[0]:.1f}\n")
    print(table(rows))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--data", type=Path, required=True, help="folder of the log, or the one above it")
    made.add_argument("--texts", type=int, default=2000, help="item prompts that are encoded")
    made.add_argument("--pairs", type=int, default=256, help="pairs in one round of training")
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--device", default="cpu")
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("--model", default="minilm", help="as encoder.model")
    return made


@dataclass(frozen=True)
class Cost:
    """What some work took.

    Attributes:
        wall: Seconds.
        cpu: Processor seconds of all threads.
    """

    wall: float
    cpu: float


@dataclass(frozen=True)
class Round:
    """The same work done in two ways, one right after the other."""

    ours: Cost
    other: Cost


def measured(work: Callable[[], object]) -> Cost:
    """What work takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def interleaved(ours: Callable[[int], object], other: Callable[[int], object], rounds: int) -> list[Round]:
    """Both in turns, each told the number of the round, from 1; who begins changes from round to round."""
    found = []
    for number in range(1, rounds + 1):
        order = (ours, other) if number % 2 else (other, ours)
        first, second = (measured(partial(work, number)) for work in order)
        found.append(Round(first, second) if number % 2 else Round(second, first))
    return found


def speed_ratio(rounds: Sequence[Round], clock: Clock) -> float:
    """Our speed over the other's: the median of the rounds by one of the clocks of `Cost`."""
    costs = [(each.ours, each.other) for each in rounds]
    if clock == "wall":
        return median(other.wall / ours.wall for ours, other in costs)
    return median(other.cpu / ours.cpu for ours, other in costs)


def compared(what: str, unit: str, rounds: Sequence[Round], n: int, limit: float, clock: Clock = "cpu") -> Row:
    """The row of a comparison of speeds on `n` things a round; `clock` decides whether the claim holds."""
    ratios = {name: speed_ratio(rounds, name) for name in CLOCKS}
    lowest, highest = (chosen(one.other.wall / one.ours.wall for one in rounds) for chosen in (min, max))
    return (
        what,
        f"{n / median(one.ours.wall for one in rounds):.1f} {unit}/s",
        f"{n / median(one.other.wall for one in rounds):.1f} {unit}/s",
        f"{ratios['cpu']:.2f} by CPU seconds, {ratios['wall']:.2f} by the clock ({lowest:.2f} to {highest:.2f} in "
        f"{len(rounds)} turns)",
        f"at least {limit:.2f}: {'holds' if ratios[clock] >= limit else 'fails'}",
    )


def clock_of(device: str) -> Clock:
    """What decides: a GPU's work is not seen in processor seconds."""
    return "wall" if device.startswith("cuda") else "cpu"


def table(rows: Sequence[Row]) -> str:
    """Markdown."""
    head = ("what", "ours", "beside it", "ratio", "claim")
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def encoding(task: Task, config: EncoderConfig, n: int, rounds: int, device: str) -> list[Row]:
    """Texts per second against the bare model, and the second time."""
    encoder = fit(
        task.split.train, task.items, as_of=task.as_of, kinds=KINDS, device=device,
        config=config.model_copy(update={"epochs": 0, "narrow_steps": 0}),
    )  # fmt: skip
    texts = distinct(encoder.reading(task.split.train, task.items, task.as_of).item_prompts(), n)
    coder = encoder.coder()
    batches = ready_batches(texts, encoder, coder._at_once)
    bare_vectors(encoder, batches[-2:])  # torch loads parts of itself at the first texts
    coder.encode(texts)
    first = coder.n_encoded
    again = measured(lambda: coder.encode(texts))
    pairs = interleaved(
        lambda _: encoder.coder().encode(texts), lambda _: bare_vectors(encoder, batches), rounds
    )  # fmt: skip
    tokens = sum(map(len, texts))
    second = f"{coder.n_encoded - first} texts through the model, {again.wall:.3f} s"
    holds = "holds" if coder.n_encoded == first else "fails"
    return [
        compared(
            f"encoding {len(texts):,} item prompts ({tokens / len(texts):.0f} tokens each), against bare transformers",
            "texts", pairs, len(texts), ENCODING_LIMIT, clock_of(device),
        ),
        ("the same prompts a second time", second, "-", "-", f"0 texts: {holds}"),
    ]  # fmt: skip


def distinct(texts: Sequence[Tokens], n: int) -> list[Tokens]:
    """At most `n` different texts, drawn once for all: the encoder runs equal ones once, the bare model would not."""
    different = list({text.tobytes(): text for text in texts}.values())
    drawn = np.random.default_rng(0).permutation(len(different))[:n]
    return [different[place] for place in drawn.tolist()]


def ready_batches(texts: Sequence[Tokens], encoder: Encoder, most: int) -> list[tuple[Tensor, Tensor]]:
    """Ids and masks of the batches that the encoder makes of texts, on its device."""
    made = []
    for places in by_tokens(texts, most):
        ids, lengths = padded([texts[place] for place in places], encoder.opened.vocabulary.padding, encoder.device)
        mask = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]
        made.append((ids, mask.to(torch.int64)))
    return made


def bare_vectors(encoder: Encoder, batches: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """What the bare model says: forward, mean, unit length."""
    model, dtype = encoder.opened.backbone.model, precision_of(encoder.config, encoder.device)
    found = []
    with (
        torch.inference_mode(),
        torch.autocast(encoder.device.split(":")[0], dtype, enabled=dtype != torch.float32),
    ):
        for ids, mask in batches:
            hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
            pooled = (hidden * mask.unsqueeze(-1)).sum(dim=1) / mask.sum(dim=1, keepdim=True)
            found.append(functional.normalize(pooled, dim=-1))
    return torch.cat(found).cpu()


def training(task: Task, config: EncoderConfig, n: int, rounds: int, device: str) -> list[Row]:
    """Pairs per second against sentence-transformers."""
    turns = rounds * max(1, n // config.batch)
    ours = OurLoop(task, alike(config, turns + 1), device)
    plain = PlainLoop(ours.opened, ours.training.config, turns + 1, device)
    texts = [ours.texts(number) for number in range(turns + 1)]
    ours.prepare()
    ours.train(0)
    plain.train(texts[0])
    before = plain.n_tokens
    found = interleaved(ours.train, lambda number: plain.train(texts[number]), turns)
    per_pair = (plain.n_tokens - before) / (turns * config.batch)
    what = (
        f"training on {turns * config.batch} pairs in batches of {config.batch} ({per_pair:.0f} tokens a pair), "
        "against sentence-transformers"
    )
    return [compared(what, "pairs", found, config.batch, TRAINING_LIMIT, clock_of(device))]


def alike(config: EncoderConfig, epochs: int) -> EncoderConfig:
    """Settings that both loops can follow: in-batch negatives, the whole vector, one run of the model a side.

    An epoch is one step, so that the loops can take turns at each.
    """
    return config.model_copy(
        update={
            "numbers": "none", "hard_negatives": 0, "widths": (1.0,), "loss": "infonce", "validation_days": 0.0,
            "micro_batch": config.batch, "max_pairs": config.batch, "epochs": epochs,
        }
    )  # fmt: skip


class OurLoop:
    """The training of `intentrec.encoder`, an epoch at a time; opening and counting are not part of one."""

    def __init__(self, task: Task, config: EncoderConfig, device: str) -> None:
        self.opened = open_backbone(config)
        data = EncoderData.build(
            task.split.train, task.items, None, as_of=task.as_of, kinds=KINDS, config=config
        )  # fmt: skip
        prompts = Prompts(self.opened.vocabulary, config, ItemTexts.of(data.frame, self.opened.vocabulary, config))
        nothing = prompts.attributes(None, data.users.names)
        self.training = Training(
            self.opened, data, prompts, nothing, seed=0, device=device, progress=SILENT, checkpoint=None
        )

    def prepare(self) -> None:
        """Make the model ready to train."""
        training, config = self.training, self.training.config
        self.opened.backbone.to(training.device).train()
        self.optimiser = training._optimiser(prepared(self.opened, config))
        padding, dtype = self.opened.vocabulary.padding, precision_of(config, training.device)
        self.stepper = Stepper(self.opened.backbone, config, padding, training.device, dtype)

    def train(self, number: int) -> None:
        """One epoch."""
        self.training._epoch(self.stepper, self.optimiser, number, 0)

    def texts(self, number: int) -> list[PairTexts]:
        """What the steps of an epoch read, as strings."""
        training, size = self.training, self.training.config.batch
        order = np.random.default_rng([training.seed, number]).permutation(len(training.examples))
        made = []
        for start in range(0, training.steps_per_epoch * size, size):
            batch = training._batch(training.examples.rows(order[start : start + size]), np.random.default_rng(0))
            items = rendered(batch.items, self.opened.vocabulary)
            users = rendered(batch.users, self.opened.vocabulary)
            made.append((users, [items[place] for place in batch.against.positive.tolist()]))
        return made


if __name__ == "__main__":
    main()
