"""What the errors of the `openai` client mean to us."""

from contextlib import suppress

from intentrec.errors import LLMAnswerError, LLMError, LLMUnavailable
from intentrec.extras import require
from intentrec.llm.config import LLMConfig

GO_ON = 'Run `intentrec doctor` to test it, or set llm.backend = "none" to go on without a language model.'
_TIMEOUT, _CONFLICT, _TOO_MANY, _SERVER_ERROR = 408, 409, 429, 500
_SAID = 300  # characters quoted of what a server said


def translate(failed: Exception, config: LLMConfig) -> LLMError:
    """The error of ours that an error of the client stands for.

    `LLMAnswerError` where only this request is at fault, `LLMUnavailable` where the next one would fare no better;
    `retryable` where the same request may succeed later.
    """
    sdk = require("openai", "talking to a language model server")
    url = config.base_url
    if isinstance(failed, sdk.APITimeoutError):
        return LLMUnavailable(
            f"The language model server at {url} did not answer within {config.timeout_s:g} s.",
            retryable=True,
            hint=f"Raise llm.timeout_s or lower llm.concurrency. {GO_ON}",
        )
    if isinstance(failed, sdk.APIConnectionError):
        cause = failed.__cause__ or failed
        return LLMUnavailable(
            f"The language model server at {url} cannot be reached: {cause}.",
            retryable=True,
            hint=f"Is it running, and is llm.base_url right? {GO_ON}",
        )
    if isinstance(failed, sdk.APIStatusError):
        return _of_status(failed.status_code, str(failed.code or ""), _said(failed), config)
    if isinstance(failed, sdk.APIError | sdk.LengthFinishReasonError | sdk.ContentFilterFinishReasonError):
        return LLMAnswerError(f"The server at {url} gave an answer that cannot be read: {_said(failed)}.", hint=GO_ON)
    return LLMUnavailable(f"The language model server at {url} cannot be used: {_said(failed)}.", hint=GO_ON)


def _of_status(status: int, code: str, said: str, config: LLMConfig) -> LLMError:
    told = f"The language model server at {config.base_url} answered {status}: {said}."
    if code == "insufficient_quota":
        return LLMUnavailable(told, hint=f"The account has no credit left. {GO_ON}")
    if status in (_TIMEOUT, _CONFLICT, _TOO_MANY) or status >= _SERVER_ERROR:
        return LLMUnavailable(told, retryable=True, hint=f"It was asked {config.max_retries + 1} times. {GO_ON}")
    if status in (401, 403):
        return LLMUnavailable(told, hint=f"Set a valid key in the environment variable {config.api_key_env}. {GO_ON}")
    if status == 404:
        return LLMUnavailable(
            told, hint=f"Does it serve the model {config.model!r}, and does llm.base_url end in /v1? {GO_ON}"
        )
    if status in (400, 413, 422):
        return LLMAnswerError(told, hint='If it does not know JSON schema, set llm.structured = "json_object".')
    return LLMUnavailable(told, hint=GO_ON)


def _said(failed: Exception) -> str:
    return " ".join(str(failed).split())[:_SAID].rstrip(".") or type(failed).__name__


def retry_after(failed: Exception) -> float | None:
    """Seconds that the server asks to wait, if it says so in seconds; dates are left to our own backoff."""
    headers = getattr(getattr(failed, "response", None), "headers", {})
    with suppress(KeyError, ValueError):
        return max(float(headers["retry-after"]), 0.0)
    return None
