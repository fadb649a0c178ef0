"""What looks after a training while it runs: progress, checkpoints, judgements, an early end."""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from intentrec.alignment.config import AlignmentConfig
from intentrec.alignment.recipes.checkpoints import complete, keep, mark
from intentrec.alignment.recipes.recipe import Figure
from intentrec.errors import ConfigError
from intentrec.extras import require
from intentrec.learning.parallel import first_says, share

transformers: Any = require("transformers", "aligning language models")


@dataclass
class Notes:
    """What a checkpoint remembers of the training so far.

    Attributes:
        tokens: Read in training, without padding, by this process.
        seconds: Spent in steps.
        judged: (step, figure).
        logs: What the trainer told of each step.
    """

    tokens: int = 0
    seconds: float = 0.0
    judged: list[tuple[int, float]] = field(default_factory=list)
    logs: list[dict[str, float]] = field(default_factory=list)

    @property
    def best(self) -> int | None:
        """The step that was judged best, the earliest of equals; None where nothing was judged."""
        return max(self.judged, key=lambda pair: (pair[1], -pair[0]))[0] if self.judged else None

    def is_over(self, patience: int) -> bool:
        """Whether so many judgements in a row brought no gain."""
        steps = [step for step, _ in self.judged]
        return bool(patience and steps and len(steps) - 1 - steps.index(self.best) >= patience)  # type: ignore[arg-type]

    def mean(self, name: str, share_of_steps: float = 0.1) -> float:
        """Mean of what was told under a name over the last steps."""
        told = [log[name] for log in self.logs if name in log]
        last = told[-max(1, round(share_of_steps * len(told))) :]
        return sum(last) / len(last) if last else float("nan")


class Watch(transformers.TrainerCallback):  # type: ignore[misc]
    """Follows one training.

    A judgement comes after the checkpoint of its step, so that a judge that fails or is killed costs no training.
    """

    def __init__(
        self, folder: Path, config: AlignmentConfig, figure: Figure | None, tokenizer: Any, advance: Any, device: str
    ) -> None:
        self.folder, self.config, self.figure = folder, config, figure
        self.tokenizer, self.advance, self.device = tokenizer, advance, device
        self.notes = Notes()
        self._began = 0.0

    def restore(self) -> Path | None:
        """Remember what the newest complete checkpoint does, and say where it is."""
        found = complete(self.folder)
        if not found:
            return None
        noted = found[-1].notes
        self.notes = Notes(**noted | {"judged": [(step, figure) for step, figure in noted["judged"]]})
        return found[-1].folder

    def count(self, tokens: int) -> None:
        """So many tokens were read."""
        self.notes.tokens += tokens
        self.advance(tokens)

    def is_due(self, step: int, last: int) -> bool:
        """Whether the model of a step is to be judged and is not yet."""
        every = self.config.eval_every
        asked = step == last or bool(every and step % every == 0)
        return self.figure is not None and asked and step not in dict(self.notes.judged)

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Judge what an interruption left unjudged."""
        if state.global_step and self.is_due(state.global_step, state.max_steps):
            self._judge(state.global_step, more["model"], control)

    def on_step_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """The clock runs in steps alone, not while a judge is asked."""
        self._began = perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Ask for a checkpoint where one is due."""
        self.notes.seconds += perf_counter() - self._began
        step, last = state.global_step, state.max_steps
        control.should_save = step % self.config.save_every == 0 or step == last or self.is_due(step, last)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **more: Any) -> None:
        """Remember what the trainer tells of a step; the loss must be a number."""
        told = {name: float(value) for name, value in (logs or {}).items() if isinstance(value, int | float)}
        if "loss" in told:
            if not math.isfinite(told["loss"]):
                raise ConfigError(
                    f"The loss of step {state.global_step} is {told['loss']}; lower the learning rate in [alignment]."
                )
            self.notes.logs.append(told | {"step": float(state.global_step)})

    def on_save(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Mark the checkpoint as complete, then judge it."""
        self._mark(state.global_step)
        if self.is_due(state.global_step, state.max_steps):
            self._judge(state.global_step, more["model"], control)

    def _judge(self, step: int, model: Any, control: Any) -> None:
        assert self.figure is not None
        rank, _ = share()
        training = model.training
        model.eval()
        with torch.no_grad(), torch.random.fork_rng(devices=[self.device] if self.device == "cuda" else []):
            figure = self.figure(model, self.tokenizer) if rank == 0 else 0.0
        model.train(training)
        self.notes.judged.append((step, first_says(figure, self.device)))
        self._mark(step)
        control.should_training_stop |= self.notes.is_over(self.config.patience)

    def _mark(self, step: int) -> None:
        if share()[0] == 0:
            mark(self.folder, step, asdict(self.notes))
            keep(self.folder, *(step for step in (self.notes.best,) if step is not None))
