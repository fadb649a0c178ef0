"""Runs a trainer to its end: from its last checkpoint, watched, and into a folder of results."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, Trainer

from intentrec.alignment.config import AlignmentConfig
from intentrec.alignment.recipes.checkpoints import at, complete, drop_unfinished, writing
from intentrec.alignment.recipes.keys import settings_of
from intentrec.alignment.recipes.opening import Opened, own_randomness
from intentrec.alignment.recipes.recipe import Figure, Place, Trained
from intentrec.alignment.recipes.result import finished, write
from intentrec.alignment.recipes.watch import Notes, Watch
from intentrec.learning.parallel import share
from intentrec.llm.torch_weights import quiet


class Kept:
    """For trainers: a checkpoint that cannot be written is a clear error, and no page about the model is made."""

    state: Any
    args: Any
    model: Any

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        with writing(Path(self.args.output_dir), self.state.global_step):
            Trainer._save_checkpoint(self, model, trial)  # type: ignore[arg-type]

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """Without the copy of an adapter that a model is compared with: it is made again from where it came."""
        if "ref" in getattr(self.model, "peft_config", {}):
            self.model.save_pretrained(output_dir, selected_adapters=["default"])
        else:
            Trainer._save(self, output_dir, state_dict)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Running:
    """One training that is about to run.

    Attributes:
        method: sft, dpo or grpo.
        key: Of the training.
        steps: In all.
        tokens: Of all steps and this process, for the bar; 0 where nobody knows.
        figures: Numbers that are known before.
        averaged: Names that the trainer tells, whose means over the last steps become figures.
    """

    method: str
    key: str
    base: str
    opened: Opened
    config: AlignmentConfig
    place: Place
    figure: Figure | None
    steps: int
    tokens: int
    figures: Mapping[str, float]
    averaged: tuple[str, ...] = ("loss",)

    @property
    def folder(self) -> Path:
        """Of the checkpoints."""
        return self.place.cache / f"{self.method}-{self.key}"

    def arguments(self, rate: float) -> dict[str, Any]:
        """What all trainers are told."""
        config, cpu = self.config, self.opened.device == "cpu"
        return {
            "output_dir": str(self.folder), "use_cpu": cpu, "bf16": self.opened.half, "seed": config.seed,
            "data_seed": config.seed, "learning_rate": rate, "lr_scheduler_type": "linear",
            "warmup_steps": config.warmup, "weight_decay": config.weight_decay, "max_steps": self.steps,
            "per_device_train_batch_size": 1, "save_strategy": "no", "logging_steps": 1,
            "logging_nan_inf_filter": False, "disable_tqdm": True,
            "report_to": "none", "gradient_checkpointing": config.gradient_checkpointing,
            "dataloader_pin_memory": not cpu, "remove_unused_columns": False,
            "accelerator_config": {"even_batches": False},
        }  # fmt: skip

    def parts(self, settings: Any, watch: Watch) -> dict[str, Any]:
        """What all trainers are made of."""
        model, tokenizer = self.opened.model, self.opened.tokenizer
        return {"model": model, "args": settings, "processing_class": tokenizer, "callbacks": [watch]}

    def run(self, made: Callable[[Watch], Any]) -> Trained:
        """Train to the end.

        Args:
            made: The trainer, given what watches it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if share()[0] == 0:
            drop_unfinished(self.folder)
        with (
            own_randomness(self.opened.device),
            self.place.progress.track(f"{self.method}: tokens", self.tokens or None) as advance,
            quiet(),
        ):
            watch = Watch(self.folder, self.config, self.figure, self.opened.tokenizer, advance, self.opened.device)
            last = watch.restore()
            advance(watch.notes.tokens)
            trainer = made(watch)
            trainer.remove_callback(PrinterCallback)
            if not self._is_done(watch):
                trainer.train(resume_from_checkpoint=None if last is None else str(last))
            return self._result(trainer, watch.notes)

    def _is_done(self, watch: Watch) -> bool:
        found = complete(self.folder)
        ended = bool(found) and (found[-1].step >= self.steps or watch.notes.is_over(self.config.patience))
        return ended and not watch.is_due(found[-1].step, self.steps)

    def _result(self, trainer: Any, notes: Notes) -> Trained:
        done = complete(self.folder)[-1].step
        best = done if notes.best is None else notes.best
        trained = Trained(
            self.place.out, self.method, self.key, self._figures(notes, done), tuple(notes.judged), best,
            done < self.steps, settings_of(self.method, self.config),
        )  # fmt: skip
        if share()[0] == 0:
            write(self.place, at(self.folder, best), self.base, self.opened, trained)
        trainer.accelerator.wait_for_everyone()
        if share()[0] == 0:
            shutil.rmtree(self.folder)
        found = finished(self.place, self.key)
        assert found is not None
        return found

    def _figures(self, notes: Notes, done: int) -> dict[str, float]:
        means = {name.replace("/", "_"): notes.mean(name) for name in self.averaged}
        spent = {"steps": done, "tokens": notes.tokens, "seconds": notes.seconds}
        return {**self.figures, **means, **spent, "tokens_per_second": notes.tokens / max(notes.seconds, 1e-9)}
