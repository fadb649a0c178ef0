"""What `intentrec doctor` asks of a language model and its adapters."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from intentrec.errors import IntentrecError
from intentrec.llm.answers import schema_of
from intentrec.llm.backends import Backend
from intentrec.llm.config import Adapter, LLMConfig, Stage
from intentrec.llm.messages import Message, Request
from intentrec.llm.opening import open_backend
from intentrec.llm.stage_adapters import misunderstanding

Check = tuple[bool, str]
_NO_PROMPTS: Mapping[str, str] = {}


class _Ready(BaseModel):
    ready: bool


def check_model(config: LLMConfig, root: Path = Path(), prompts: Mapping[str, str] = _NO_PROMPTS) -> list[Check]:
    """What works and what does not, in the order it was tried.

    The model is asked one real question, past the ledger and without retries, and one more for each adapter.

    Args:
        config: The settings.
        root: The workspace, which paths of adapters are relative to.
        prompts: Version of the prompt that each stage would ask its adapter with, where that is known.
    """
    if config.backend == "none":
        return [(True, 'llm.backend is "none": rules and embeddings write everything.')]
    config = config.model_copy(update={"max_retries": 0})
    try:
        checks = [(True, _found(config, _opened(config, {}, root)))]
        usable, unusable = _sorted_out(config, root, prompts)
        return [*checks, *unusable, *_asked(_opened(config, usable, root))]
    except IntentrecError as problem:
        return [(False, str(problem))]


def _opened(config: LLMConfig, adapters: Mapping[Stage, Adapter], root: Path) -> Backend:
    backend = open_backend(config.model_copy(update={"adapters": dict(adapters)}), root)
    assert backend is not None
    return backend


def _found(config: LLMConfig, backend: Backend) -> str:
    found = "the openai package is installed" if config.backend == "openai" else f"{config.weights} is installed"
    return f"llm.backend is {config.backend!r}, {found}, the model is {backend.model_id}."


def _sorted_out(config: LLMConfig, root: Path, prompts: Mapping[str, str]) -> tuple[dict[Stage, Adapter], list[Check]]:
    usable, unusable = {}, []
    for stage, adapter in config.adapters.items():
        try:
            learned = _opened(config, {stage: adapter}, root).learned[stage]
        except IntentrecError as problem:
            unusable.append((False, str(problem)))
            continue
        if learned and stage in prompts and learned != prompts[stage]:
            unusable.append((False, misunderstanding(stage, learned, prompts[stage])))
        else:
            usable[stage] = adapter
    return usable, unusable


def _asked(backend: Backend) -> list[Check]:
    try:
        checks = [_ask(backend, "doctor")]
        if checks[0][0]:
            checks += [_ask(backend, stage) for stage in backend.learned]
        return checks
    finally:
        backend.close()


def _ask(backend: Backend, stage: str) -> Check:
    question = Message(role="user", content='Answer with the JSON {"ready": true}.')
    version = backend.learned.get(stage) or "rules"
    request = Request(
        stage=stage, prompt_version=version, messages=(question,), answer_schema=schema_of(_Ready), max_tokens=16
    )
    name = backend.identity(stage).model
    told = f"The adapter of {stage}, {name}," if stage in backend.learned else name
    try:
        answer = backend.ask(request)
    except IntentrecError as problem:
        return False, f"{told} cannot be asked: {problem}" if stage in backend.learned else str(problem)
    unknown = " It has no path, so nobody checked that it fits." if backend.learned.get(stage) == "" else ""
    return True, f"{told} answered {answer.text!r} ({answer.prompt_tokens} tokens read).{unknown}"
