"""Who answers: the model that is aligned, with an adapter or without, and the teacher; all through the ledger."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from intentrec.config import Config
from intentrec.errors import ConfigError, LLMUnavailable
from intentrec.llm import Adapter, Completion, LanguageModel, LLMConfig, open_model
from intentrec.llm.config import Stage
from intentrec.pipeline.asking import Asked, compact
from intentrec.progress import Progress
from intentrec.workspace import Workspace

LOCAL = ("embedded", "transformers")


def base_llm(config: Config) -> LLMConfig:
    """Settings of the model that is aligned, without adapters.

    That of `[llm]` where it runs in this process; else `alignment.base` in torch.

    Raises:
        ConfigError: There is none, or the two name different weights.
    """
    llm, base = config.llm, config.alignment.base
    if llm.backend in LOCAL:
        if base and base != llm.weights:
            raise ConfigError(
                f"alignment.base is {base!r}, but llm.weights is {llm.weights!r}: an adapter is of use only to the "
                "weights it was trained on. Leave alignment.base out."
            )
        return llm.model_copy(update={"adapters": {}})
    if not base:
        raise ConfigError(
            f"llm.backend is {llm.backend!r}, so there are no weights to align. Name them in alignment.base (a GGUF "
            "file, a folder or a Hugging Face id), or set llm.backend to embedded or transformers."
        )
    return llm.model_copy(update={"backend": "transformers", "weights": base, "weights_sha256": "", "adapters": {}})


def teacher_llm(config: Config, teacher: str) -> LLMConfig:
    """Settings of a teacher by its address, or by its weights; the rest is as in `[llm]`.

    Args:
        teacher: `http://host:port/v1` of a server (with `alignment.teacher_model`), or weights as in `llm.weights`.

    Raises:
        ConfigError: A server needs the name of a model.
    """
    changes: dict[str, Any] = {"adapters": {}, "loras": (), "weights_sha256": "", "small": False}
    if teacher.startswith(("http://", "https://")):
        if not config.alignment.teacher_model:
            raise ConfigError(f"The teacher {teacher} is a server: name its model in alignment.teacher_model.")
        changes |= {"backend": "openai", "base_url": teacher, "model": config.alignment.teacher_model}
    else:
        by_llama = teacher.startswith("package:") or teacher.endswith(".gguf")
        changes |= {"backend": "embedded" if by_llama else "transformers", "weights": teacher}
    return config.llm.model_copy(update=changes)


def sampled(llm: LLMConfig, temperature: float, seed: int) -> LLMConfig:
    """The same model, whose answers are drawn."""
    return llm.model_copy(update={"temperature": temperature, "seed": seed})


def adapted(llm: LLMConfig, stage: Stage, adapter: Path) -> LLMConfig:
    """The same model with an adapter for one stage and no other."""
    return llm.model_copy(update={"adapters": {stage: Adapter(path=str(adapter))}})


@contextmanager
def open_writer(
    workspace: Workspace, llm: LLMConfig, adapter: tuple[Stage, Path] | None = None
) -> Iterator[LanguageModel]:
    """The model, with an adapter for one stage or without any; closed at the end."""
    if adapter is not None:
        llm = adapted(llm, *adapter)
    model = open_model(llm, workspace.ledger)
    assert model is not None
    try:
        yield model
    finally:
        model.close()


def told(model: LanguageModel, asked: Sequence[Asked], progress: Progress) -> list[Completion[BaseModel]]:
    """What a model says to the questions, in their order.

    Raises:
        LLMUnavailable: The model cannot be reached; what it answered before is in the ledger.
        BudgetExceeded: The cap is reached; likewise.
    """
    if not asked:
        return []
    try:
        return model.complete([one.request for one in asked], asked[0].answer_type, progress)
    except LLMUnavailable as down:
        raise LLMUnavailable(
            f"{model.name_for(asked[0].stage)} is down: {down}",
            hint="What it answered is kept: run the same command again.",
        ) from down


def answers(model: LanguageModel, asked: Sequence[Asked], progress: Progress) -> list[str | None]:
    """The same as compact JSON; None where nothing came that fits."""
    found = told(model, asked, progress)
    return [None if said.value is None else compact(said.value) for said in found]
