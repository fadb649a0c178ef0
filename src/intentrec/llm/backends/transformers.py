"""Any causal model in torch: on a CPU for tests and training, on a GPU where no server is wanted."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import torch

from intentrec.errors import ConfigError, LLMUnavailable
from intentrec.llm.adapters import TORCH_CONFIG, TORCH_WEIGHTS
from intentrec.llm.backends import Identity
from intentrec.llm.config import LLMConfig
from intentrec.llm.ledger import Answer
from intentrec.llm.messages import Request
from intentrec.llm.stage_adapters import StageAdapter, find_adapters
from intentrec.llm.together import Together
from intentrec.llm.torch_adapters import Wardrobe
from intentrec.llm.torch_decoding import Speaker
from intentrec.llm.torch_weights import device_of, find_torch_weights, load_causal_lm, precision_of


class TransformersBackend:
    """A model loaded into this process at the first question, or one that is in memory already.

    Up to `llm.slots` requests of one stage are worked on at once. With one, an answer at temperature 0 does not depend
    on what else is asked: sums over a batch are rounded otherwise than those of one row.
    """

    def __init__(self, config: LLMConfig, root: Path = Path()) -> None:
        """Find and verify the weights and adapters; nothing is loaded yet.

        Args:
            config: The settings.
            root: The workspace, which paths of adapters are relative to.

        Raises:
            MissingExtra: A package is missing.
            ConfigError: A file is missing or is not what was pinned, or the settings name adapters of llama.cpp.
        """
        if config.loras:
            raise ConfigError(
                'llm.loras are for llm.backend = "embedded". Take them out, or name adapters in [llm.adapters].'
            )
        weights = find_torch_weights(config.weights, config.weights_sha256)
        adapters = find_adapters(config, root)
        for adapter in adapters.values():
            adapter.check_base(weights)
        device = device_of(config.device)
        precision = str(precision_of(config.precision, device)).removeprefix("torch.")
        self._begin(config, weights.model_id, {"weights": weights.sha256, "precision": precision}, adapters)

    @classmethod
    def of(cls, model: Any, tokenizer: Any, model_id: str, config: LLMConfig, *, tuned: Iterable[str] = ()) -> Self:
        """Around a model in memory, such as one in the middle of its training, which it answers with as it is.

        The name must change whenever the model does, or the ledger must be one in memory: its keys know no weights.

        Args:
            model: A causal model of transformers, with peft's adapters or without, wherever it lies.
            tokenizer: A fast one, with a chat template.
            model_id: Its name.
            config: How to decode; what it says of weights, device and adapters does not matter.
            tuned: The stages that it counts as aligned for.
        """
        backend = cls.__new__(cls)
        backend._begin(config, model_id, {"weights": "in memory"}, {})
        backend.learned = dict.fromkeys(tuned, "")
        backend._speaker, backend._wardrobe = Speaker(model, tokenizer, config), None
        return backend

    def _begin(
        self, config: LLMConfig, model_id: str, decoding: dict[str, object], adapters: dict[str, StageAdapter]
    ) -> None:
        self.model_id = model_id
        self.learned: Mapping[str, str] = {stage: adapter.prompt_version for stage, adapter in adapters.items()}
        self._decoding = {name: getattr(config, name) for name in ("temperature", "top_p", "seed")} | decoding
        self._folders = {stage: (_folder(adapter), adapter.setting.scale) for stage, adapter in adapters.items()}
        self._config, self._adapters = config, adapters
        self._together: Together[Request, Answer] = Together(self._answers, config.slots)
        self._lock = threading.Lock()
        self._speaker: Speaker | None = None
        self._wardrobe: Wardrobe | None = None

    def identity(self, stage: str) -> Identity:
        """The model, with the adapter of the stage if it has one."""
        base = Identity(self.model_id, self._decoding)
        adapter = self._adapters.get(stage)
        return adapter.identity(base) if adapter else base

    def ask(self, request: Request) -> Answer:
        """The model's answer, held to the request's schema by a grammar.

        Raises:
            LLMAnswerError: Prompt and answer do not fit `context_tokens`, or the schema cannot be made a grammar.
            LLMUnavailable: The model cannot be loaded, or there is no memory for the answer.
        """
        return self._together.ask(request, request.stage)

    def close(self) -> None:
        """Free the model's memory; a model that was given in memory stays where it is."""
        with self._lock:
            if self._wardrobe is not None:
                self._speaker = self._wardrobe = None

    def _answers(self, requests: Sequence[Request]) -> Sequence[Answer | Exception]:
        try:
            speaker, wardrobe = self._open()
            if wardrobe is None:
                return speaker.answers(requests)
            with wardrobe.wearing(requests[0].stage):
                return speaker.answers(requests)
        except torch.OutOfMemoryError as full:
            raise LLMUnavailable(
                f"There is no memory for {self.model_id}, with {self._config.slots} requests of up to "
                f"{self._config.context_tokens} tokens.",
                hint="Lower llm.slots or llm.context_tokens, or set llm.precision or llm.device.",
            ) from full

    def _open(self) -> tuple[Speaker, Wardrobe | None]:
        with self._lock:
            if self._speaker is None:
                device = device_of(self._config.device)
                tokenizer, model = load_causal_lm(self._config.weights, precision_of(self._config.precision, device))
                self._wardrobe = Wardrobe(model, self._folders)
                self._speaker = Speaker(self._wardrobe.model.to(device).eval(), tokenizer, self._config)
            return self._speaker, self._wardrobe


def _folder(adapter: StageAdapter) -> str:
    adapter.file(TORCH_CONFIG)
    return str(adapter.file(TORCH_WEIGHTS).parent)
