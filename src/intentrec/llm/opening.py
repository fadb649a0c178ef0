"""From the `[llm]` settings to a model, and a check that it works."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel

from intentrec.errors import IntentrecError
from intentrec.llm.answers import schema_of
from intentrec.llm.backends import Backend
from intentrec.llm.backends.embedded import EmbeddedBackend
from intentrec.llm.backends.openai import OpenAIBackend
from intentrec.llm.config import LLMConfig
from intentrec.llm.ledger import Ledger
from intentrec.llm.messages import Message, Request
from intentrec.llm.model import EstimatingModel, LedgeredModel, utc_now


def open_backend(config: LLMConfig) -> Backend | None:
    """The backend that the settings name; None for "none". Nothing is loaded or sent before it is asked.

    Raises:
        MissingExtra: A package that it needs is not installed.
        ConfigError: Its settings are wrong.
    """
    if config.backend == "none":
        return None
    return EmbeddedBackend(config) if config.backend == "embedded" else OpenAIBackend(config)


def open_model(
    config: LLMConfig, ledger_path: Path, *, clock: Callable[[], datetime] = utc_now
) -> LedgeredModel | None:
    """The language model of a run; None when the backend is "none"."""
    backend = open_backend(config)
    return None if backend is None else LedgeredModel(backend, Ledger(ledger_path), config, clock)


def open_estimator(config: LLMConfig, ledger_path: Path) -> EstimatingModel | None:
    """The model of a dry run; None when the backend is "none". A ledger that does not exist is not made."""
    backend = open_backend(config)
    if backend is None:
        return None
    return EstimatingModel(backend, Ledger(ledger_path if ledger_path.exists() else None), config)


class _Ready(BaseModel):
    ready: bool


def check_model(config: LLMConfig) -> list[tuple[bool, str]]:
    """What works and what does not, in the order it was tried, up to the first failure.

    One real question is asked, past the ledger and without retries.
    """
    if config.backend == "none":
        return [(True, 'llm.backend is "none": rules and embeddings write everything.')]
    backend = None
    try:
        backend = open_backend(config.model_copy(update={"max_retries": 0}))
        assert backend is not None
        found = f"{config.weights} is installed" if config.backend == "embedded" else "the openai package is installed"
        checks = [(True, f"llm.backend is {config.backend!r}, {found}, the model is {backend.model_id}.")]
        return [*checks, _asked(backend)]
    except IntentrecError as problem:
        return [(False, str(problem))]
    finally:
        if backend is not None:
            backend.close()


def _asked(backend: Backend) -> tuple[bool, str]:
    question = Message(role="user", content='Answer with the JSON {"ready": true}.')
    request = Request(
        stage="doctor", prompt_version="rules", messages=(question,), answer_schema=schema_of(_Ready), max_tokens=16
    )
    try:
        answer = backend.ask(request)
    except IntentrecError as problem:
        return False, str(problem)
    return True, f"{backend.model_id} answered {answer.text!r} ({answer.prompt_tokens} tokens read)."
