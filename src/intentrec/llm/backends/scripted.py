"""A model that says what a script says: for tests of prompts and stages."""

import json
import threading
from collections.abc import Callable, Mapping

from pydantic import BaseModel

from intentrec.llm.backends import Identity
from intentrec.llm.ledger import Answer
from intentrec.llm.messages import Request
from intentrec.llm.tokens import estimate_tokens

Scripted = str | BaseModel | Mapping[str, object]


class UnscriptedPrompt(LookupError):
    """The script has no answer to a prompt. Not an `IntentrecError`, so that no fallback can swallow it."""


class ScriptedBackend:
    """Answers from a dict of last messages, or from a function of the request that returns None if it does not know.

    A str is said as it is; a mapping or a pydantic value is said as JSON. An exception that the function raises
    passes through, so that outages can be scripted too.

    Attributes:
        asked: The requests in the order they came.
        decoding: Of every stage.
    """

    def __init__(
        self,
        script: Mapping[str, Scripted] | Callable[[Request], Scripted | None],
        model_id: str = "scripted",
        learned: Mapping[str, str] | None = None,
    ) -> None:
        self.model_id = model_id
        self.learned: Mapping[str, str] = dict(learned or {})
        self.decoding: dict[str, object] = {}
        self.asked: list[Request] = []
        self._script = script
        self._lock = threading.Lock()

    def identity(self, stage: str) -> Identity:
        """The script's name, with the stage where that one is to count as aligned."""
        return Identity(f"{self.model_id}+{stage}" if stage in self.learned else self.model_id, self.decoding)

    def ask(self, request: Request) -> Answer:
        """The scripted answer; token counts are estimates.

        Raises:
            UnscriptedPrompt: The script does not know the prompt.
        """
        with self._lock:
            self.asked.append(request)
        said = self._script(request) if callable(self._script) else self._script.get(request.messages[-1].content)
        if said is None:
            raise UnscriptedPrompt(f"No scripted answer for stage {request.stage!r}: {request.messages[-1].content}")
        text = said if isinstance(said, str) else json.dumps(_plain(said), ensure_ascii=False)
        return Answer(
            text, sum(estimate_tokens(message.content) for message in request.messages), estimate_tokens(text)
        )

    def close(self) -> None:
        """Nothing is held."""


def _plain(said: BaseModel | Mapping[str, object]) -> object:
    return said.model_dump(mode="json") if isinstance(said, BaseModel) else dict(said)
