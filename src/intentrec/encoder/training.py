"""Training of the encoder: pairs in, a better model out; resumable after every few steps."""

import hashlib
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from intentrec.codes import Ints
from intentrec.encoder.backbone import FieldEmbedding, Opened, finished, precision_of, prepared
from intentrec.encoder.config import HOW_HERE, EncoderConfig
from intentrec.encoder.data import EncoderData
from intentrec.encoder.examples import Examples
from intentrec.encoder.losses import Against
from intentrec.encoder.negatives import HardNegatives, Known
from intentrec.encoder.prompts import Prompts
from intentrec.encoder.step import Stepper
from intentrec.encoder.validation import Validation
from intentrec.encoder.vocabulary import Tokens
from intentrec.errors import ConfigError
from intentrec.learning.checkpoint import State, restore, store
from intentrec.learning.parallel import first_says, share, summed
from intentrec.progress import Progress

_CLIP = 1.0
_SAVE_EVERY = 50
"""Steps between two checkpoints: minutes on a CPU."""


@dataclass(frozen=True)
class EncoderEpoch:
    """One pass.

    Attributes:
        loss: Mean over its steps.
        recall: Of validation lists; None where nothing is validated.
        pairs_per_second: Pairs that were learned from.
        tokens_per_second: Tokens of users and items, without padding.
        from_impressions: Share of the hard negatives that the user was shown; the others were mined.
    """

    epoch: int
    loss: float
    recall: float | None
    pairs_per_second: float
    tokens_per_second: float
    from_impressions: float


@dataclass
class _Tally:
    """The epoch that is running, as far as it has come."""

    losses: list[float] = field(default_factory=list)
    shown: int = 0
    wanted: int = 0


class Training:
    """Trains one model on one log.

    Every process of a group draws the same pairs and works on its share of each step.
    """

    def __init__(
        self, opened: Opened, data: EncoderData, prompts: Prompts, attributes: list[Tokens], *, seed: int, device: str,
        progress: Progress, checkpoint: Path | None,
    ) -> None:  # fmt: skip
        self.config: EncoderConfig = data.config
        self.opened, self.data, self.prompts, self.attributes = opened, data, prompts, attributes
        self.seed, self.device, self.progress, self.checkpoint = seed, device, progress, checkpoint
        self.examples = Examples.of(data)
        self.known = Known.of(data)
        self.negatives = HardNegatives(data, self.known)
        self.counted = [data.numbers.at(moment) for moment in self.examples.moments]
        self.log_q = self._log_q()
        self.history: list[EncoderEpoch] = []
        self.tally = _Tally()
        self.best: tuple[float, dict[str, Tensor]] | None = None

    @property
    def steps_per_epoch(self) -> int:
        """Steps of one pass; pairs that fill no step are left to the next pass."""
        return max(1, min(len(self.examples), self.config.max_pairs) // self.config.batch)

    def run(self, validation: Validation | None) -> list[EncoderEpoch]:
        """Train all epochs and keep the model of the best one, judged by validation; the last one without."""
        with torch.random.fork_rng(devices=[self.device] if self.device.startswith("cuda") else []):
            torch.manual_seed(self.seed)
            self._run(validation)
        return self.history

    def _run(self, validation: Validation | None) -> None:
        opened, config = self.opened, self.config
        opened.backbone.to(self.device)
        fields = prepared(opened, config)
        optimiser = self._optimiser(fields)
        stepper = Stepper(
            opened.backbone, config, opened.vocabulary.padding, self.device, precision_of(config, self.device)
        )
        start = self._resumed(optimiser)
        for epoch in range(config.epochs):
            if (epoch + 1) * self.steps_per_epoch <= start and len(self.history) > epoch:
                continue
            opened.backbone.train()
            figures = self._epoch(stepper, optimiser, epoch, max(0, start - epoch * self.steps_per_epoch))
            recall = None if validation is None else first_says(validation.recall(opened), self.device)
            self.history.append(EncoderEpoch(epoch, *figures[:1], recall, *figures[1:]))
            self.tally = _Tally()
            if recall is not None and config.epochs > 1 and (self.best is None or recall > self.best[0]):
                self.best = recall, _trained(opened.backbone)
            self._save(optimiser, (epoch + 1) * self.steps_per_epoch)
        if self.best is not None:
            opened.backbone.load_state_dict(self.best[1], strict=False)
        finished(opened)

    def _epoch(
        self, stepper: Stepper, optimiser: torch.optim.Optimizer, epoch: int, done: int
    ) -> tuple[float, float, float, float]:
        """Loss, pairs and tokens per second, share of hard negatives that were shown."""
        config, steps = self.config, self.steps_per_epoch
        rng = np.random.default_rng([self.seed, epoch])
        order = rng.permutation(len(self.examples))[: steps * config.batch]
        tally, pairs, tokens, started = self.tally, 0, 0, perf_counter()
        with self.progress.track(f"encoder, epoch {epoch + 1} of {config.epochs}: pairs", len(order)) as advance:
            advance(done * config.batch)
            for step in range(done, steps):
                torch.manual_seed(hash((self.seed, epoch, step, share()[0])) % (1 << 31))
                chosen = self.examples.rows(order[step * config.batch : (step + 1) * config.batch])
                batch = self._batch(chosen, np.random.default_rng([self.seed, epoch, step]))
                _set_rate(optimiser, config, epoch * steps + step, config.epochs * steps)
                tally.losses.append(self._step(stepper, optimiser, batch))
                pairs, tokens = pairs + len(chosen), tokens + sum(map(len, [*batch.users, *batch.items]))
                tally.shown, tally.wanted = tally.shown + batch.shown, tally.wanted + batch.wanted
                advance(len(chosen))
                if (step + 1) % _SAVE_EVERY == 0:
                    self._save(optimiser, epoch * steps + step + 1)
        spent = max(perf_counter() - started, 1e-9)
        return float(np.mean(tally.losses)), pairs / spent, tokens / spent, tally.shown / max(1, tally.wanted)

    def _step(self, stepper: Stepper, optimiser: torch.optim.Optimizer, batch: "Batch") -> float:
        optimiser.zero_grad(set_to_none=True)
        loss = stepper.run(batch.users, batch.items, batch.against)
        if not math.isfinite(loss):
            raise ConfigError(f"The encoder's loss is {loss}; lower encoder.rate or raise encoder.temperature.")
        parameters = [p for group in optimiser.param_groups for p in group["params"]]
        _sum_gradients(parameters, self.device)
        nn.utils.clip_grad_norm_(parameters, _CLIP)
        optimiser.step()
        return loss

    def _batch(self, chosen: Examples, rng: np.random.Generator) -> "Batch":
        """Prompts of the pairs and of all candidates, each candidate once."""
        hard, shown = self.negatives.draw(chosen, self.config.hard_negatives, rng)
        n_items = len(self.data.items)
        moments = np.repeat(chosen.moment[:, None], hard.shape[1], axis=1)
        coded = np.concatenate([chosen.moment * n_items + chosen.item, (moments * n_items + hard)[hard >= 0]])
        candidates, place = np.unique(coded, return_inverse=True)
        moment, item = candidates // n_items, candidates % n_items
        items: list[Tokens] = [np.empty(0, dtype=np.int64)] * len(item)
        for each in np.unique(moment):
            rows = np.flatnonzero(moment == each)
            for row, tokens in zip(rows, self.prompts.items(item[rows].tolist(), self.counted[each]), strict=True):
                items[row] = tokens
        return Batch(self._users(chosen), items, self._against(chosen, place[: len(chosen)], item), shown, hard.size)

    def _users(self, chosen: Examples) -> list[Tokens]:
        pairs = zip(chosen.user.tolist(), chosen.end.tolist(), strict=True)
        return [self.prompts.user(self.data.histories, user, end, self.attributes[user]) for user, end in pairs]

    def _against(self, chosen: Examples, positive: Ints, item: Ints) -> Against:
        barred = self.known.has(chosen.user[:, None], item[None, :]) | (item[None, :] == chosen.item[:, None])
        log_q = self.log_q[item] if self.config.logq else np.zeros(len(item))
        return Against(
            open=torch.from_numpy(~barred).to(self.device),
            positive=torch.from_numpy(positive).to(self.device),
            log_q=torch.from_numpy(log_q).float().to(self.device),
            n_pairs=len(chosen),
        )

    def _log_q(self) -> NDArray[np.float64]:
        counts = np.bincount(self.examples.item, minlength=len(self.data.items)) + 1.0
        logs: NDArray[np.float64] = np.log(counts / counts.sum())
        return logs

    def _optimiser(self, fields: FieldEmbedding) -> torch.optim.Optimizer:
        rest = [p for p in self.opened.backbone.parameters() if p.requires_grad and p is not fields.own]
        fields.own.requires_grad_()
        groups = [
            {"params": rest, "peak": self.config.rate},
            {"params": [fields.own], "peak": self.config.token_rate},
        ]
        return torch.optim.AdamW(groups, lr=self.config.rate, weight_decay=self.config.weight_decay)

    def _key(self) -> str:
        """Hash of everything that decides how the training goes."""
        learned = self.config.model_dump_json(exclude=set(HOW_HERE))
        digest = hashlib.sha256(f"{learned} {self.seed} {self.data.end!r}".encode())
        logs = [getattr(log, name) for log in (self.data.log, self.data.passed) for name in ("user", "item", "time")]
        for array in (*logs, self.data.category, self.data.numbers.price):
            digest.update(np.ascontiguousarray(array).tobytes())
        for tokens in (*self.prompts.texts.whole, *self.attributes):
            digest.update(tokens.tobytes())
        return digest.hexdigest()[:16]

    def _save(self, optimiser: torch.optim.Optimizer, done: int) -> None:
        if self.checkpoint is None or share()[0]:
            return
        tensors = {f"model.{name}": value for name, value in _trained(self.opened.backbone).items()}
        state = optimiser.state_dict()["state"]
        for number, values in state.items():
            tensors |= {f"optimiser.{number}.{name}": torch.as_tensor(value) for name, value in values.items()}
        plain = {
            "done": done,
            "history": [asdict(epoch) for epoch in self.history],
            "tally": asdict(self.tally),
            "best": None if self.best is None else self.best[0],
        }
        if self.best is not None:
            tensors |= {f"best.{name}": value for name, value in self.best[1].items()}
        store(self.checkpoint, State(tensors, plain), self._key())

    def _resumed(self, optimiser: torch.optim.Optimizer) -> int:
        """How many steps an interrupted training has done."""
        state = None if self.checkpoint is None else restore(self.checkpoint, self._key())
        if state is None:
            return 0
        self.opened.backbone.load_state_dict(_under("model.", state.tensors), strict=False)
        memory: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _under("optimiser.", state.tensors).items():
            number, key = name.split(".", 1)
            memory.setdefault(int(number), {})[key] = tensor
        optimiser.load_state_dict({"state": memory, "param_groups": optimiser.state_dict()["param_groups"]})
        self.history = [EncoderEpoch(**epoch) for epoch in state.plain["history"]]
        self.tally = _Tally(**state.plain["tally"])
        if state.plain["best"] is not None:
            self.best = state.plain["best"], _under("best.", state.tensors)
        return int(state.plain["done"])


@dataclass(frozen=True)
class Batch:
    """Prompts of one step, and what is a negative of what.

    Attributes:
        shown: How many hard negatives come from impressions.
        wanted: How many were asked for.
    """

    users: list[Tokens]
    items: list[Tokens]
    against: Against
    shown: int
    wanted: int


def _sum_gradients(parameters: list[nn.Parameter], device: str) -> None:
    """Over the processes; what has no gradient in any of them is left without, so that nothing decays unused."""
    if share()[1] == 1:
        return
    given = torch.tensor([float(parameter.grad is not None) for parameter in parameters], device=device)
    summed([given])
    gradients = []
    for parameter, n in zip(parameters, given.tolist(), strict=True):
        if n and parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        gradients += [] if parameter.grad is None else [parameter.grad]
    summed(gradients)


def _trained(backbone: nn.Module) -> dict[str, Tensor]:
    """Weights that training changes."""
    return {name: value.detach().clone() for name, value in backbone.named_parameters() if value.requires_grad}


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those whose names begin so, without that beginning."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _set_rate(optimiser: torch.optim.Optimizer, config: EncoderConfig, step: int, total: int) -> None:
    """Rises linearly over the warm-up, then falls linearly to zero."""
    rising = max(1.0, config.warmup * total)
    factor = min((step + 1) / rising, max(0.0, (total - step) / max(1.0, total - rising)))
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * factor
