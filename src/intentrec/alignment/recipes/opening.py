"""The model that is trained: loaded, given an adapter, on its device in its arithmetic."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from intentrec.alignment.config import AlignmentConfig
from intentrec.errors import ConfigError
from intentrec.extras import require
from intentrec.llm.torch_weights import load_causal_lm, quiet

PURPOSE = "aligning language models"
_TARGETS = {"all": "all-linear", "attention": ["q_proj", "k_proj", "v_proj", "o_proj"]}


@dataclass(frozen=True)
class Opened:
    """What is trained.

    Attributes:
        model: With an adapter, a peft model.
        tokenizer: With a padding token.
        device: cpu or cuda.
        half: Whether it computes in bfloat16.
    """

    model: Any
    tokenizer: Any
    device: str
    half: bool

    @property
    def trained(self) -> int:
        """Weights that change."""
        return sum(weight.numel() for weight in self.model.parameters() if weight.requires_grad)

    @property
    def weights(self) -> int:
        """All weights."""
        return sum(weight.numel() for weight in self.model.parameters())


def device_of(config: AlignmentConfig) -> str:
    """Where the settings want the training.

    Raises:
        ConfigError: There is no such device.
    """
    if config.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError('alignment.device is "cuda", and torch finds no GPU. Set it to "auto" or "cpu".')
    return "cuda" if config.device != "cpu" and torch.cuda.is_available() else "cpu"


def is_half(config: AlignmentConfig, device: str) -> bool:
    """Whether bfloat16 is used.

    Raises:
        ConfigError: It is asked for on a CPU.
    """
    if device == "cpu":
        if config.precision == "bfloat16":
            raise ConfigError(
                'alignment.precision is "bfloat16", and the training runs on a CPU, where that takes more than ten '
                'times as long. Set it to "auto", or alignment.device to "cuda".'
            )
        return False
    return config.precision != "float32" and torch.cuda.is_bf16_supported()


def check_adapter(method: str, config: AlignmentConfig) -> None:
    """Refuse what compares the model with itself before, where that would be a second whole model.

    Raises:
        ConfigError: No adapter is to be trained.
    """
    if not config.lora_rank:
        raise ConfigError(f"alignment.lora_rank is 0, and {method} trains adapters only: set a rank.")


def open_for_training(base: str, config: AlignmentConfig, start: Path | None) -> Opened:
    """The base model with an adapter to train: a new one that changes nothing yet, or that of the folder `start`.

    Raises:
        ConfigError: Base or adapter cannot be loaded, or the settings do not fit the device.
        MissingExtra: A package is missing.
    """
    device = device_of(config)
    half = is_half(config, device)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(config.seed)
        tokenizer, model = load_causal_lm(base)
        if half and config.lora_rank:
            model = model.to(torch.bfloat16)  # frozen; the adapter itself stays in float32
        model = _with_adapter(model, config, start)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return Opened(model, tokenizer, device, half)


def _with_adapter(model: Any, config: AlignmentConfig, start: Path | None) -> Any:
    if not config.lora_rank:
        if start is not None:
            raise ConfigError(
                f"alignment.lora_rank is 0: all weights are trained, and the adapter {start} has no place. Merge it "
                "and name the merged model as the base, or set a rank."
            )
        return model
    peft: Any = require("peft", PURPOSE)
    with quiet():
        if start is not None:
            return _started(peft, model, start)
        settings = peft.LoraConfig(
            r=config.lora_rank, lora_alpha=config.lora_alpha * config.lora_rank, lora_dropout=0.0, bias="none",
            target_modules=_TARGETS[config.lora_targets], task_type="CAUSAL_LM",
        )  # fmt: skip
        return peft.get_peft_model(model, settings)


def _started(peft: Any, model: Any, start: Path) -> Any:
    if not (start / "adapter_config.json").is_file():
        raise ConfigError(f"{start} holds no adapter to go on from (adapter_config.json).")
    try:
        return peft.PeftModel.from_pretrained(model, str(start), is_trainable=True)
    except (RuntimeError, ValueError, KeyError, OSError) as failed:
        reason = str(failed).strip().splitlines()[0]
        raise ConfigError(f"The adapter {start} does not fit the base model: {reason}") from failed


@contextmanager
def own_randomness(device: str) -> Iterator[None]:
    """Trainers seed everything there is; afterwards all generators stand where they stood."""
    plain, arrays = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[device] if device.startswith("cuda") else []):
            yield
    finally:
        random.setstate(plain)
        np.random.set_state(arrays)
