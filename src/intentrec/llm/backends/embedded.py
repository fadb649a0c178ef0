"""llama.cpp in this process, through xllamacpp: continuous batching, JSON grammar, LoRA."""

import json
import os
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from intentrec.errors import ConfigError, LLMAnswerError, LLMUnavailable
from intentrec.extras import require
from intentrec.llm.adapters import GGUF
from intentrec.llm.backends import Identity
from intentrec.llm.config import LLMConfig, LoRA
from intentrec.llm.ledger import Answer
from intentrec.llm.messages import Request
from intentrec.llm.stage_adapters import find_adapters
from intentrec.llm.weights import file_sha256, find_weights

_QUIET = -1
_MORE_ROOM = "Raise llm.context_tokens, or lower the token budget of profiles."
_UNKNOWN_KEYWORD = "Does the schema use a keyword, a type or a pattern that llguidance does not know?"


class EmbeddedBackend:
    """A GGUF model loaded into this process at the first question. Several may be open at once.

    With one slot, answers at temperature 0 were the same in any order, with and without the prompt cache. With more,
    they depend on what else is in flight, because llama.cpp sums in another order for another batch: 4 of 32 choices
    of the 135M model changed with 4 slots, 6 with 8. On two cores more slots save no work
    (`benchmarks/embedded_llm.py`), so one is the default, and a resumed run equals an uninterrupted one.
    """

    def __init__(self, config: LLMConfig, root: Path = Path()) -> None:
        """Find and verify the weights and adapters; nothing is loaded yet.

        Args:
            config: The settings.
            root: The workspace, which paths of adapters are relative to.

        Raises:
            MissingExtra: xllamacpp or the weights package is not installed.
            ConfigError: A file is missing or is not what was pinned.
        """
        self._engine = _engine()
        self._weights = find_weights(config.weights, config.weights_sha256)
        self._config = config
        self._lock = threading.Lock()
        self._server: Any = None
        self._adapters = find_adapters(config, root)
        for adapter in self._adapters.values():
            adapter.check_base(self._weights)
            adapter.file(GGUF)
        self.learned: Mapping[str, str] = {stage: adapter.prompt_version for stage, adapter in self._adapters.items()}
        self.model_id = "+".join([self._weights.model_id, *(Path(lora.path).stem for lora in config.loras)])
        self._decoding: dict[str, object] = {
            "temperature": config.temperature,
            "top_p": config.top_p,
            "seed": config.seed,
            "weights": self._weights.sha256,
            "loras": [[_adapter_sha256(lora), lora.scale] for lora in config.loras],
        }

    def identity(self, stage: str) -> Identity:
        """The weights, with the adapter of the stage if it has one."""
        base = Identity(self.model_id, self._decoding)
        adapter = self._adapters.get(stage)
        return adapter.identity(base) if adapter else base

    def ask(self, request: Request) -> Answer:
        """The model's answer, held to the request's schema by a grammar.

        Raises:
            LLMAnswerError: Prompt and answer do not fit `context_tokens`, or the schema cannot be made a grammar.
            LLMUnavailable: The model cannot be loaded.
        """
        try:
            reply = self._open().handle_chat_completions(self._call(request))
        except (ValueError, RuntimeError) as refused:  # what xllamacpp makes of C++ exceptions
            raise LLMAnswerError(f"The engine refused: {refused}.") from refused
        if "error" in reply:
            raise self._error(reply["error"])
        return self._read(reply["choices"][0], reply["usage"], request)

    def _read(self, choice: dict[str, Any], usage: dict[str, int], request: Request) -> Answer:
        text, read, written = choice["message"]["content"] or "", usage["prompt_tokens"], usage["completion_tokens"]
        cut = choice["finish_reason"] == "length"
        if cut and written < request.max_tokens:
            raise LLMAnswerError(
                f"The prompt has {read} tokens and leaves no room for an answer of {request.max_tokens} tokens: "
                f"llm.context_tokens is {self._config.context_tokens}.",
                hint=_MORE_ROOM,
            )
        if request.answer_schema.get("type") == "object" and not text.startswith("{"):
            # The engine says nothing when it cannot make a grammar of a schema: it then writes without one.
            raise LLMAnswerError("The engine could not hold the answer to the schema.", hint=_UNKNOWN_KEYWORD)
        return Answer(text, read, written, cut)

    def close(self) -> None:
        """Free the model's memory."""
        with self._lock:
            self._server = None

    def _call(self, request: Request) -> dict[str, Any]:
        config = self._config
        return {
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "max_tokens": request.max_tokens,
            "temperature": config.temperature,
            "top_p": config.top_p,
            "seed": config.seed,
            "cache_prompt": config.cache_prompt,
            "grammar": self._grammar(request.answer_schema),
            **self._applied(request.stage),
        }

    def _applied(self, stage: str) -> dict[str, Any]:
        """How strongly each adapter is applied to one request; the engine batches only requests that agree in it."""
        if not self._adapters:
            return {}
        scales = [lora.scale for lora in self._config.loras]  # what a request names none of would count as 0
        scales += [adapter.setting.scale if stage == own else 0.0 for own, adapter in self._adapters.items()]
        return {"lora": [{"id": n, "scale": scale} for n, scale in enumerate(scales)]}

    def _grammar(self, schema: dict[str, Any]) -> str:
        # As `response_format` the engine lets the model write line breaks and indents, twice the tokens of a short
        # answer (measured: 14 against 7); as a grammar the x-guidance is heard.
        rigid = schema | {"x-guidance": {"whitespace_flexible": False}}
        grammar: str = self._engine.json_schema_to_grammar(json.dumps(rigid))
        return grammar

    def _error(self, error: dict[str, Any]) -> LLMAnswerError:
        if error.get("type") == "exceed_context_size_error":
            return LLMAnswerError(
                f"The prompt has {error['n_prompt_tokens']} tokens, and llm.context_tokens is "
                f"{self._config.context_tokens}.",
                hint=_MORE_ROOM,
            )
        return LLMAnswerError(f"The engine refused: {error.get('message', error)}.")

    def _open(self) -> Any:
        with self._lock:
            if self._server is None:
                try:
                    self._server = self._engine.Server(self._params())
                except RuntimeError as failed:
                    files = [self._weights.path, *(adapter.file(GGUF) for adapter in self._adapters.values())]
                    raise LLMUnavailable(
                        f"llama.cpp could not load {' with '.join(map(str, files))}: {failed}.",
                        hint="Is there memory for it, and does this llama.cpp know the architecture?",
                    ) from failed
            return self._server

    def _params(self) -> Any:
        config, params = self._config, self._engine.CommonParams()
        params.model.path = str(self._weights.path)
        params.n_parallel = config.slots
        params.n_ctx = config.context_tokens * config.slots  # shared out evenly among the slots
        params.n_gpu_layers = config.gpu_layers
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = config.threads or _cores()
        loras = [(lora.path, lora.scale) for lora in config.loras]
        loras += [(str(adapter.file(GGUF)), 0.0) for adapter in self._adapters.values()]
        params.lora_adapters = [self._engine.CommonAdapterLoraInfo(path, scale) for path, scale in loras]
        params.warmup = False
        params.fit_params = False  # never shrink the context to what memory allows: that would cut prompts
        params.cache_ram_mib = 0  # no second cache of old prompts: the ledger has their answers
        params.verbosity = _QUIET
        # The engine listens on loopback whether one likes it or not. A key that nobody knows closes that door.
        params.api_keys = [secrets.token_hex(32)]
        return params


def _engine() -> ModuleType:
    # llama.cpp's OpenMP threads spin while they wait; next to other busy processes that made it 70 times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return require("xllamacpp", "the embedded language model")


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def _adapter_sha256(lora: LoRA) -> str:
    path = Path(lora.path)
    if not path.is_file():
        raise ConfigError(f"llm.loras: there is no file {lora.path!r}.")
    return file_sha256(path)
