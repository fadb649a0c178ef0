"""A training that can stop anywhere: one file after each epoch holds all that the next one depends on."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from intentrec.errors import ConfigError, DataError

_PLAIN = "state"


@dataclass
class State:
    """Where a training stands.

    Attributes:
        tensors: Weights, optimisers' memories and torch's generators.
        plain: The rest, as JSON can hold it.
    """

    tensors: dict[str, Tensor] = field(default_factory=dict)
    plain: dict[str, Any] = field(default_factory=dict)


def store(file: Path, state: State, key: str) -> None:
    """Write the state beside the file and put it in its place at once: an interruption leaves the older one.

    Args:
        file: safetensors; the plain part is JSON in its header.
        state: What to write.
        key: The training's fingerprint.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(file.name + ".part")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.tensors.items()}
    save_file(tensors, unfinished, metadata={_PLAIN: json.dumps(state.plain), "key": key})
    os.replace(unfinished, file)


def restore(file: Path, key: str) -> State | None:
    """What `store` wrote; None where there is no file.

    Raises:
        ConfigError: It belongs to another training.
        DataError: It is damaged.
    """
    if not file.exists():
        return None
    try:
        with safe_open(file, framework="pt") as opened:
            about = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  (no mapping)
        plain = json.loads(about[_PLAIN])
    except (SafetensorError, KeyError, ValueError) as error:
        raise DataError(f"The checkpoint {file} is damaged: {error}. Delete it to train from the start.") from error
    if about["key"] != key:
        raise ConfigError(
            f"The checkpoint {file} is of a training with other data, settings or seed ({about['key']}, not {key}). "
            "Delete it, or name another file."
        )
    return State(tensors, plain)
