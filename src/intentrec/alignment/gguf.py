"""Adapters as llama.cpp reads them, and models as servers do that read no GGUF file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from intentrec.errors import ConfigError
from intentrec.extras import require
from intentrec.llm.adapters import GGUF, TORCH_CONFIG, TORCH_WEIGHTS
from intentrec.llm.torch_weights import load_causal_lm, quiet

PURPOSE = "writing adapters for llama.cpp"
_PREFIX = "base_model.model."
# model_type of transformers -> the architecture's name in llama.cpp, and whether it turns rotary halves into pairs
_ARCHITECTURES = {"llama": ("llama", True), "mistral": ("llama", True), "qwen2": ("qwen2", False)}
_NOT_PLAIN = ("use_rslora", "use_dora", "rank_pattern", "alpha_pattern", "lora_bias")


def can_write(config: Any) -> bool:
    """Whether adapters of models with this transformers configuration can be written for llama.cpp."""
    return config.model_type in _ARCHITECTURES


def write_adapter(folder: Path, config: Any) -> Path:
    """Write `adapter.gguf` beside an adapter as peft stored it.

    Args:
        folder: With `adapter_model.safetensors` and `adapter_config.json`.
        config: Of the base model, as transformers has it.

    Raises:
        ConfigError: The architecture, or the kind of adapter, is none that llama.cpp reads.
        MissingExtra: gguf is not installed.
    """
    gguf: Any = require("gguf", PURPOSE)
    if not can_write(config):
        raise ConfigError(
            f"Adapters of {config.model_type!r} models cannot be written for llama.cpp; "
            f"{', '.join(_ARCHITECTURES)} can."
        )
    name, turned = _ARCHITECTURES[config.model_type]
    names = gguf.get_tensor_name_map(_architecture(gguf, name), config.num_hidden_layers)
    file = folder / GGUF
    writer = gguf.GGUFWriter(file, name)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, _alpha(folder))
    for key, tensor in sorted(load_file(folder / TORCH_WEIGHTS).items()):
        theirs, side = _named(key, names)
        heads = _heads(theirs, config) if turned and side == "lora_b" else 0
        rows = paired(tensor, heads) if heads else tensor
        writer.add_tensor(f"{theirs}.{side}", rows.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def paired(rows: NDArray[np.floating], heads: int) -> NDArray[np.floating]:
    """Rows of a query or key projection in llama.cpp's order.

    transformers turns coordinate i of a head with i + half; llama.cpp's llama turns neighbours.
    """
    return rows.reshape(heads, 2, len(rows) // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def merge(base: str, adapter: Path, out: Path) -> Path:
    """Write the base with the adapter in its weights, as any transformers model.

    Raises:
        ConfigError: One of them cannot be loaded.
        MissingExtra: A package is missing.
    """
    peft: Any = require("peft", "merging adapters")
    tokenizer, model = load_causal_lm(base)
    with quiet():
        merged = peft.PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    return _saved(merged, tokenizer, out)


def write_base(base: str, out: Path) -> Path:
    """Write the base in full precision, as any transformers model: a server offers adapters beside it.

    Raises:
        ConfigError: It cannot be loaded.
        MissingExtra: A package is missing.
    """
    tokenizer, model = load_causal_lm(base)
    return _saved(model, tokenizer, out)


def _saved(model: Any, tokenizer: Any, out: Path) -> Path:
    with quiet():
        model.save_pretrained(out)
        tokenizer.save_pretrained(out)
    return out


def _heads(weight: str, config: Any) -> int:
    """Heads of the weight's rows if they are turned, 0 otherwise."""
    turned = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    return int(turned.get(weight.split(".")[-2], 0))


def _alpha(folder: Path) -> float:
    settings = json.loads((folder / TORCH_CONFIG).read_text("utf-8"))
    odd = [
        name for name in ("use_rslora", "use_dora", "rank_pattern", "alpha_pattern", "lora_bias") if settings.get(name)
    ]
    if settings.get("peft_type") != "LORA" or odd:
        raise ConfigError(
            f"{folder} is no plain LoRA ({', '.join(odd) or settings.get('peft_type')}): llama.cpp reads no other."
        )
    return float(settings["lora_alpha"])


def _named(key: str, names: Any) -> tuple[str, str]:
    """llama.cpp's name of the weight that a tensor of peft changes, and the side of the product that it is."""
    path, _, end = key.removeprefix(_PREFIX).rpartition(".lora_")
    theirs = names.get_name(path + ".weight", try_suffixes=(".weight",))
    if theirs is None:
        raise ConfigError(f"llama.cpp knows no weight {path!r}, which the adapter changes.")
    return str(theirs), f"lora_{end[0].lower()}"


def _architecture(gguf: Any, name: str) -> Any:
    return next(arch for arch, known in gguf.MODEL_ARCH_NAMES.items() if known == name)
