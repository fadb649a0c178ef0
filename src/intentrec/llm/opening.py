"""From the `[llm]` settings to a model."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from intentrec.extras import require
from intentrec.llm.backends import Backend
from intentrec.llm.backends.embedded import EmbeddedBackend
from intentrec.llm.backends.openai import OpenAIBackend
from intentrec.llm.config import LLMConfig
from intentrec.llm.ledger import Ledger
from intentrec.llm.model import EstimatingModel, LedgeredModel, utc_now


def open_backend(config: LLMConfig, root: Path = Path()) -> Backend | None:
    """The backend that the settings name; None for "none". Nothing is loaded or sent before it is asked.

    Args:
        config: The settings.
        root: The workspace, which paths of adapters are relative to.

    Raises:
        MissingExtra: A package that it needs is not installed.
        ConfigError: Its settings are wrong.
    """
    if config.backend == "none":
        return None
    if config.backend == "embedded":
        return EmbeddedBackend(config, root)
    if config.backend == "transformers":
        require("torch", "language models in torch")
        from intentrec.llm.backends.transformers import TransformersBackend  # torch takes seconds

        return TransformersBackend(config, root)
    return OpenAIBackend(config, root)


def open_model(
    config: LLMConfig, ledger_path: Path, *, clock: Callable[[], datetime] = utc_now
) -> LedgeredModel | None:
    """The language model of a run; None when the backend is "none".

    The ledger lies in the workspace, which paths of adapters are relative to.
    """
    backend = open_backend(config, ledger_path.parent)
    return None if backend is None else LedgeredModel(backend, Ledger(ledger_path), config, clock)


def open_estimator(config: LLMConfig, ledger_path: Path) -> EstimatingModel | None:
    """The model of a dry run; None when the backend is "none". A ledger that does not exist is not made."""
    backend = open_backend(config, ledger_path.parent)
    if backend is None:
        return None
    return EstimatingModel(backend, Ledger(ledger_path if ledger_path.exists() else None), config)
