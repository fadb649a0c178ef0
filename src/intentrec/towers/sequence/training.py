"""Training: pass over the questions, stop where held-out events are foretold best, learn everything for as long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from intentrec.data.log import Log
from intentrec.learning.checkpoint import State, restore, store
from intentrec.learning.parallel import first_says, share
from intentrec.progress import Progress
from intentrec.towers.sequence.checkpoint import fingerprint
from intentrec.towers.sequence.config import SequenceConfig
from intentrec.towers.sequence.epochs import HeldOut, SequenceEpoch, best_epoch
from intentrec.towers.sequence.fitted import SequenceTower
from intentrec.towers.sequence.model import SequenceModel
from intentrec.towers.sequence.run import Run
from intentrec.towers.sequence.sampling import Impressions
from intentrec.towers.sequence.serving import user_codes
from intentrec.towers.sequence.validation import Trial, trial, validate

if TYPE_CHECKING:  # towers.data imports the config that holds this one
    from intentrec.towers.data import TrainingData

_LABEL = "sequence tower"


def train_sequence(
    data: TrainingData,
    config: SequenceConfig,
    *,
    held_out: HeldOut,
    seed: int,
    device: str,
    progress: Progress,
    checkpoint: Path | None = None,
    impressions: Impressions | None = None,
) -> SequenceTower:
    """Train on everything in `data`, for as many epochs as the held-out events ask for.

    Args:
        data: What was known before the as-of time.
        config: What to train.
        held_out: What the validation part holds out. Where it holds out nothing, or nothing could be foretold, there is
            no validation part, and training lasts all its epochs.
        seed: Of every random draw: same input and seed, same tower on the same machine.
        device: Where torch computes.
        progress: Advanced by the events of each step; its rate is events per second.
        checkpoint: A file that holds the training after each epoch. If it is there, training goes on from it, to the
            very result that it would have had; it is left in place at the end.
        impressions: What users were shown and did not take, for `config.impressions`.

    Raises:
        DataError: There is nothing to learn from, or the checkpoint is damaged.
        ConfigError: The loss is not finite, or the checkpoint is of another training.
    """
    judged = trial(data.log, held_out, config) if held_out else None
    key = fingerprint(data.log, data.catalogue, config, held_out, seed)
    keeper = _Keeper(checkpoint, key)
    with progress.track(_LABEL, None) as advance:
        training = _Training(data, config, seed, device, advance, keeper, impressions)
        kept = None if judged is None else training.until_worse(judged)
        return training.final(kept)


@dataclass
class _Keeper:
    """Stores and restores the training's state in a file, if there is to be one."""

    file: Path | None
    key: str
    state: State = field(init=False)

    def __post_init__(self) -> None:
        found = None if self.file is None else restore(self.file, self.key)
        self.state = State(plain={"history": []}) if found is None else found

    @property
    def history(self) -> list[SequenceEpoch]:
        return [SequenceEpoch.from_json(row) for row in self.state.plain["history"]]

    def resume(self, run: Run, part: str) -> None:
        """Bring a fresh run to where its part was interrupted."""
        if self.state.plain.get("part") == part:
            tensors = {name[4:]: value for name, value in self.state.tensors.items() if name.startswith("run.")}
            run.set_state(tensors, self.state.plain["run"])

    def best(self) -> dict[str, Tensor]:
        """Weights of the best epoch of the validation part."""
        return {name[5:]: value for name, value in self.state.tensors.items() if name.startswith("best.")}

    def note(self, part: str, run: Run, history: list[SequenceEpoch], best: dict[str, Tensor]) -> None:
        """Keep the state after an epoch."""
        plain: dict[str, Any] = {"part": part, "history": [epoch.to_json() for epoch in history]}
        if self.file is None:
            self.state = State({f"best.{name}": value for name, value in best.items()}, plain)
            return
        tensors, plain["run"] = run.state()
        named = {f"run.{name}": value for name, value in tensors.items()}
        self.state = State({**named, **{f"best.{name}": value for name, value in best.items()}}, plain)
        if share()[0] == 0:
            store(self.file, self.state, self.key)


@dataclass
class _Training:
    data: TrainingData
    config: SequenceConfig
    seed: int
    device: str
    advance: Callable[[int], None]
    keeper: _Keeper
    impressions: Impressions | None

    def until_worse(self, judged: Trial) -> SequenceTower:
        """The tower at its best, when the score has not risen for `patience` epochs or all are done."""
        history = [epoch for epoch in self.keeper.history if epoch.part == "validation"]
        best = self.keeper.best()
        with self._run(judged.past) as run:
            self.keeper.resume(run, "validation")
            while self._goes_on(history):
                loss = run.epoch(self.advance)
                found = self._judge(judged, run.model)
                history.append(SequenceEpoch("validation", len(history) + 1, loss, found))
                if best_epoch(history) == len(history):
                    best = run.weights()
                self.keeper.note("validation", run, history, best)
            run.set_weights({name: value.to(self.device) for name, value in best.items()})
            return _tower(run.model, tuple(history), None)

    def _goes_on(self, history: list[SequenceEpoch]) -> bool:
        if self.keeper.state.plain.get("part") == "final":
            return False
        done = len(history)
        return done < self.config.epochs and (not done or done - best_epoch(history) < self.config.patience)

    def _judge(self, judged: Trial, model: SequenceModel) -> Any:
        model.eval()
        table = model.table()
        calendar = model.shape.calendar
        queries = user_codes(model.encoder, table.to(self.device), calendar, judged.past, judged.users, judged.now)
        found = validate(judged, queries, table.numpy(), self.config, self.device)
        said = {name: first_says(getattr(found, name), self.device) for name in ("all", "new", "ndcg")}
        return replace(found, **said)

    def final(self, held_out: SequenceTower | None) -> SequenceTower:
        """The tower that learns all, for the best number of epochs."""
        before = [] if held_out is None else list(held_out.history)
        after = [epoch for epoch in self.keeper.history if epoch.part == "final"]
        with self._run(self.data.log) as run:
            self.keeper.resume(run, "final")
            for epoch in range(len(after) + 1, 1 + (best_epoch(before) if before else self.config.epochs)):
                after.append(SequenceEpoch("final", epoch, run.epoch(self.advance), None))
                self.keeper.note("final", run, before + after, self.keeper.best())
            return _tower(run.model, tuple(before + after), held_out)

    @contextmanager
    def _run(self, log: Log) -> Iterator[Run]:
        """A fresh run; torch's own generator is seeded for it and afterwards as it was."""
        with torch.random.fork_rng(devices=[self.device] if self.device.startswith("cuda") else []):
            torch.manual_seed(self.seed)
            yield Run(log, self.data.catalogue, self.config, self.seed, self.device, self.impressions)


def _tower(model: SequenceModel, history: tuple[SequenceEpoch, ...], held_out: SequenceTower | None) -> SequenceTower:
    model.eval()
    table = model.table().numpy()
    encoder = model.encoder.to("cpu").requires_grad_(False)
    return SequenceTower(model.config, model.shape, encoder, table, history, held_out)
