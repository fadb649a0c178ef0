"""Any OpenAI-compatible server: vLLM, SGLang, Ollama, llama.cpp, vendors."""

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from intentrec.errors import ConfigError, LLMAnswerError, LLMError, LLMUnavailable
from intentrec.extras import require
from intentrec.llm.backends import Identity
from intentrec.llm.backends.openai_errors import GO_ON, retry_after, translate
from intentrec.llm.config import LLMConfig
from intentrec.llm.ledger import Answer
from intentrec.llm.limits import RateLimiter
from intentrec.llm.messages import Request
from intentrec.llm.retries import Later, retrying
from intentrec.llm.stage_adapters import find_adapters
from intentrec.llm.tokens import estimate_prompt, estimate_tokens

_NO_KEY = "none"  # servers without keys take any
_ASK_FOR_JSON = "\n\nAnswer with nothing but JSON that fits this JSON schema: {schema}"


class OpenAIBackend:
    """A server spoken to through the `openai` client, with limits and retries of our own."""

    def __init__(
        self,
        config: LLMConfig,
        root: Path = Path(),
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Read the settings; nothing is sent yet.

        Args:
            config: The settings.
            root: The workspace, which paths of adapters are relative to.
            clock: Seconds, for the limits.
            sleep: Likewise.

        Raises:
            MissingExtra: The `openai` package is not installed.
            ConfigError: No model is named, or an adapter is not as its card says.
        """
        if not config.model:
            raise ConfigError('llm.backend is "openai", but llm.model is empty: give the model\'s name on the server.')
        self.model_id = config.model
        self._adapters = find_adapters(config, root)
        self.learned: Mapping[str, str] = {stage: adapter.prompt_version for stage, adapter in self._adapters.items()}
        self._decoding: dict[str, object] = {
            "temperature": config.temperature,
            "top_p": config.top_p,
            "seed": config.seed,
            "structured": config.structured,
            "extra_body": config.extra_body,
        }
        self._sdk = require("openai", "talking to a language model server")
        self._config = config
        # A server offers each adapter as a model of its own.
        self._by_stage = {
            stage: config.model_copy(update={"model": adapter.setting.model})
            for stage, adapter in self._adapters.items()
        }
        self._sleep = sleep
        self._limiter = RateLimiter(config.rpm, config.tpm, clock, sleep)
        self._lock = threading.Lock()
        self._client: Any = None

    def identity(self, stage: str) -> Identity:
        """The model on the server, with the adapter of the stage if it has one."""
        base = Identity(self.model_id, self._decoding)
        adapter = self._adapters.get(stage)
        return adapter.identity(base, known_as=adapter.setting.model) if adapter else base

    def ask(self, request: Request) -> Answer:
        """The server's answer, after as many tries as the settings allow."""
        return retrying(lambda: self._try(request), self._config.max_retries, self._sleep)

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None

    def _try(self, request: Request) -> Answer:
        config = self._by_stage.get(request.stage, self._config)
        self._limiter.acquire(estimate_prompt(request) + request.max_tokens)
        try:
            reply = self._open().chat.completions.create(**_call(request, config))
        except (self._sdk.OpenAIError, ValueError) as failed:
            error = translate(failed, config)
            error.__cause__ = failed
            if error.retryable:
                raise self._later(failed, error) from failed
            raise error from failed
        return read(reply, request, config)

    def _later(self, failed: Exception, error: LLMError) -> Later:
        after = retry_after(failed)
        if after is not None:
            self._limiter.hold(after)  # the other threads would only be told the same
        return Later(error, after)

    def _open(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._sdk.OpenAI(
                    base_url=self._config.base_url,
                    api_key=os.environ.get(self._config.api_key_env) or _NO_KEY,
                    timeout=self._config.timeout_s,
                    max_retries=0,
                )
            return self._client


def _call(request: Request, config: LLMConfig) -> dict[str, Any]:
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    call: dict[str, Any] = {
        "model": config.model,
        "messages": messages,
        config.max_tokens_field: request.max_tokens,
        "temperature": config.temperature,
        "top_p": config.top_p,
        "seed": config.seed,
        "extra_body": config.extra_body,
    }
    if config.structured == "json_schema":
        schema = {"name": "answer", "schema": request.answer_schema}
        return call | {"response_format": {"type": "json_schema", "json_schema": schema}}
    messages[-1]["content"] += _ASK_FOR_JSON.format(schema=json.dumps(request.answer_schema, ensure_ascii=False))
    return call | ({"response_format": {"type": "json_object"}} if config.structured == "json_object" else {})


def read(reply: Any, request: Request, config: LLMConfig) -> Answer:
    """The answer in a server's reply; tokens are estimated where the server does not count them.

    Raises:
        LLMUnavailable: The reply is no chat completion at all, e.g. the page of a proxy.
        LLMAnswerError: It is one, but holds no answer.
    """
    if not hasattr(reply, "choices"):
        raise LLMUnavailable(
            f"{config.base_url} answered with something that is no chat completion: {str(reply)[:80]!r}.",
            hint="Check that llm.base_url is the address of an OpenAI-compatible server, up to and with /v1. " + GO_ON,
        )
    if not reply.choices or getattr(reply.choices[0], "message", None) is None:
        raise LLMAnswerError(f"{config.model} answered without a choice.")
    choice = reply.choices[0]
    refusal = getattr(choice.message, "refusal", None)
    if refusal or choice.finish_reason == "content_filter":
        raise LLMAnswerError(f"{config.model} declined: {refusal or 'content filter'}.")
    text, usage = choice.message.content or "", reply.usage
    read_tokens = usage.prompt_tokens if usage else estimate_prompt(request)
    written = usage.completion_tokens if usage else estimate_tokens(text)
    return Answer(text, read_tokens, written, choice.finish_reason == "length")
