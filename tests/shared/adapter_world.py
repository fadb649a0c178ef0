"""Tiny models with adapters for two stages, as torch and llama.cpp read them: random, and each of another opinion."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from align_models import model_of, save_gguf, tokenizer_of
from intentrec.alignment.gguf import write_adapter
from intentrec.llm import AdapterBase, AdapterCard, AdapterData, Message, Request, write_card
from intentrec.llm.torch_weights import find_torch_weights, quiet

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
PROMPTS = {stage: f"{stage}/tuned.en@0000000{n}" for n, stage in enumerate(("interests", "tags", "explanations"))}


def save_base(folder: Path) -> Path:
    """A random Llama of width 32, and the same as `base.gguf` in it."""
    with quiet():
        model_of().save_pretrained(folder)
        tokenizer_of().save_pretrained(folder)
    save_gguf(folder / "base.gguf", model_of())
    return folder


def card_of(stage: Any, base: AdapterBase | None = None, **changes: Any) -> AdapterCard:
    values: dict[str, Any] = {
        "name": f"{stage}-1", "task": stage, "language": "en", "prompt_version": PROMPTS[stage], "method": "sft",
        "base": base or AdapterBase(model_id="tiny", weights="tiny", sha256="0" * 64), "settings": {}, "figures": {},
        "data": AdapterData(counts={"rules": 3}, sha256="1" * 64, as_of=NOON), "created_at": NOON,
    }  # fmt: skip
    return AdapterCard(**values | changes)


def save_adapter(folder: Path, base: Path, stage: str, seed: int) -> Path:
    """An adapter of the base that nobody trained: its weights are drawn."""
    from peft import LoraConfig, get_peft_model

    with quiet(), torch.random.fork_rng():
        torch.manual_seed(seed)
        model = get_peft_model(model_of(), LoraConfig(r=4, lora_alpha=8, target_modules="all-linear"))
        for name, weight in model.named_parameters():
            if "lora_" in name:
                torch.nn.init.normal_(weight, std=0.3)
        model.save_pretrained(folder)
    write_adapter(folder, model_of().config)
    weights = find_torch_weights(str(base))
    write_card(folder, card_of(stage, AdapterBase(model_id="tiny", weights=str(base), sha256=weights.sha256)))
    return folder


def question(text: str, stage: str = "interests", longest: int = 12, max_tokens: int = 60) -> Request:
    """One whose answer is free words."""
    schema = {
        "type": "object", "properties": {"text": {"type": "string", "maxLength": longest}}, "required": ["text"],
        "additionalProperties": False,
    }  # fmt: skip
    return Request(
        stage=stage, prompt_version=PROMPTS.get(stage, "test@1"), messages=(Message(role="user", content=text),),
        answer_schema=schema, max_tokens=max_tokens,
    )  # fmt: skip
