"""Training: pass over past moments, stop where the days before the as-of time are foretold best, learn all days."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from intentrec.codes import Ints
from intentrec.data.log import DAY, Log
from intentrec.errors import ConfigError
from intentrec.progress import Progress
from intentrec.towers.batches import Batcher
from intentrec.towers.config import TowersConfig
from intentrec.towers.data import TrainingData
from intentrec.towers.moments import Moment, moment_at, moments
from intentrec.towers.network import Network
from intentrec.towers.spectral import spectral_vectors
from intentrec.towers.validation import Recall, validate

_WARM_STEPS = 20


@dataclass(frozen=True)
class Epoch:
    """What one pass came to.

    Attributes:
        part: "validation" for the run that finds when to stop, "final" for the one that learns all days.
        epoch: From 1.
        loss: Mean of L_TAR over the steps.
        recall: On the validation window; None in the final part.
    """

    part: str
    epoch: int
    loss: float
    recall: Recall | None


@dataclass(frozen=True)
class Trained:
    """A trained network and how it came to be.

    Attributes:
        end: Nothing at or after this moment is in it, in seconds.
        batcher: Gives its vectors.
        history: Of both parts.
        held_out: The network of the validation part at its best, which has not seen the window; None without one.
    """

    network: Network
    end: float
    batcher: Batcher
    history: tuple[Epoch, ...]
    held_out: "Trained | None" = None


def train(data: TrainingData, config: TowersConfig, *, seed: int, device: str, progress: Progress) -> Trained:
    """Train on everything in `data`, for as many epochs as the validation window asks for.

    Raises:
        DataError: There is nothing to learn from.
        ConfigError: The loss is not finite.
    """
    with _seeded(seed, device), progress.track("towers", None) as advance:
        held_out, window = None, _validation_window(data, config)
        if window is not None:
            held_out = _Run(data, config, window.now, seed, device).until_worse(window, advance)
        history = [] if held_out is None else list(held_out.history)
        final = _Run(data, config, data.end, seed, device)
        for epoch in range(1, 1 + (_best(history) if history else config.epochs)):
            history.append(Epoch("final", epoch, final.epoch(advance), None))
        return final.trained(history, held_out)


def _validation_window(data: TrainingData, config: TowersConfig) -> Moment | None:
    """The last days, or None where the log has no room or no returning user to judge by."""
    if not config.validation_days:
        return None
    start = data.end - config.validation_days * DAY
    judge = config.model_copy(update={"horizon_days": config.validation_days, "target": "window"})
    window = moment_at(data.log, start, data.end, judge)
    enough = len(window) and start - data.log.time[0] > 2 * config.step_days * DAY
    return window if enough else None


def _best(history: list[Epoch]) -> int:
    scores = [epoch.recall.score for epoch in history if epoch.recall is not None]
    return 1 + int(np.argmax(scores))


class _Run:
    """One training run on everything before `end`."""

    def __init__(self, data: TrainingData, config: TowersConfig, end: float, seed: int, device: str) -> None:
        self.config, self.end, self.rng = config, end, np.random.default_rng(seed)
        log = data.log.before(end)
        self.moments = moments(log, end, config)
        self.network = Network(data.sizes(config), config)
        if config.spectral:
            _start(self.network, log)
        self.network.to(device)
        self.batcher = Batcher(data, self.network, config, self.rng, device)
        self.steps = config.epochs * self._steps_an_epoch()
        self.step = 0
        ids = [self.network.item.ids.weight]
        rest = [weight for weight in self.network.parameters() if weight is not ids[0]]
        groups = [{"params": ids, "lr": config.embedding_rate}, {"params": rest, "lr": config.rate}]
        self.optimiser = torch.optim.Adam(groups)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, self._rate)

    def until_worse(self, window: Moment, advance: Callable[[int], None]) -> Trained:
        """The network at its best, when the recall has not risen for `patience` epochs or all are done."""
        history: list[Epoch] = []
        best: dict[str, Tensor] = {}
        for number in range(1, self.config.epochs + 1):
            loss = self.epoch(advance)
            self.network.eval()
            history.append(Epoch("validation", number, loss, validate(self.batcher, window, self.config.recall_at)))
            if _best(history) == number:
                best = {name: weight.clone() for name, weight in self.network.state_dict().items()}
            elif number - _best(history) >= self.config.patience:
                break
        self.network.load_state_dict(best)
        return self.trained(history)

    def trained(self, history: list[Epoch], held_out: Trained | None = None) -> Trained:
        """The network as it is, ready to serve."""
        self.network.eval()
        return Trained(self.network, self.end, self.batcher, tuple(history), held_out)

    def epoch(self, advance: Callable[[int], None]) -> float:
        """Mean loss of one pass."""
        self.network.train()
        losses = []
        for moment, chosen in self._batches():
            self.optimiser.zero_grad()
            loss = self.batcher.loss(moment, chosen)
            losses.append(loss.item())
            if not math.isfinite(losses[-1]):
                raise ConfigError(
                    f"The loss of the towers became {losses[-1]} at step {self.step + 1}. Lower towers.rate "
                    f"({self.config.rate:g}) and towers.embedding_rate ({self.config.embedding_rate:g})."
                )
            (loss * self._freshness(moment)).backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            self.schedule.step()
            self.step += 1
            advance(1)
        return float(np.mean(losses))

    def _batches(self) -> Iterator[tuple[Moment, Ints]]:
        """Each moment's users in random parts, the parts of all moments in random order."""
        parts = []
        for moment in self.moments:
            shuffled = self.rng.permutation(len(moment))
            cuts = range(0, len(moment), self.config.batch)
            parts += [(moment, shuffled[start : start + self.config.batch]) for start in cuts]
        left = self.config.epoch_examples
        for place in self.rng.permutation(len(parts)):
            moment, chosen = parts[place]
            yield moment, chosen[:left]
            left -= len(chosen)
            if left <= 0:
                return

    def _freshness(self, moment: Moment) -> float:
        return float(0.5 ** ((self.end - moment.now) / DAY / self.config.fading_days))

    def _steps_an_epoch(self) -> int:
        examples = sum(len(moment) for moment in self.moments)
        parts = sum(math.ceil(len(moment) / self.config.batch) for moment in self.moments)
        return max(1, math.ceil(parts * min(1.0, self.config.epoch_examples / examples)))

    def _rate(self, step: int) -> float:
        """A short warm-up, then half a cosine down to zero."""
        share = min(1.0, step / max(1, self.steps))
        return min(1.0, (step + 1) / _WARM_STEPS) * 0.5 * (1 + math.cos(math.pi * share))


def _start(network: Network, log: Log) -> None:
    weight = network.item.ids.weight
    with torch.no_grad():
        weight.copy_(torch.from_numpy(spectral_vectors(log, weight.shape[1])))


@contextmanager
def _seeded(seed: int, device: str) -> Iterator[None]:
    """Torch's own generator, which dropout draws from, seeded for a while and then as it was."""
    with torch.random.fork_rng(devices=[device] if device.startswith("cuda") else []):
        torch.manual_seed(seed)
        yield
