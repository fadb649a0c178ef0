"""Requests gathered by what they ask, with the answers that the ledger already holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic

from intentrec.llm.backends import Backend
from intentrec.llm.config import LLMConfig
from intentrec.llm.ledger import Answer, Ledger, canonical, key_of
from intentrec.llm.messages import A, Completion, Request
from intentrec.llm.repair import Dialogue
from intentrec.llm.stage_adapters import check_prompt


@dataclass
class Topic(Generic[A]):
    """All requests of one call that ask word for word the same, and what became of them.

    Attributes:
        requests: How many they are.
        keys: Ledger keys of the answers taken from the ledger.
        calls: Calls made for it now.
    """

    dialogue: Dialogue[A]
    requests: int = 0
    subjects: dict[str, None] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def hear(self, answer: Answer) -> None:
        """Take an answer to the dialogue's next question."""
        self.prompt_tokens += answer.prompt_tokens
        self.completion_tokens += answer.completion_tokens
        self.dialogue.hear(answer.text, cut=answer.cut)

    def completion(self, request: Request, model: str, *, cached: bool) -> Completion[A]:
        """The outcome for one of its requests."""
        talk = self.dialogue
        return Completion(
            request, talk.value, talk.error, model, self.prompt_tokens, self.completion_tokens, cached, talk.attempts
        )


class Library:
    """The ledger as one model sees it: keys depend on the model and how it decodes."""

    def __init__(self, backend: Backend, ledger: Ledger, config: LLMConfig) -> None:
        self.ledger = ledger
        self._backend = backend
        self._config = config

    def canonical(self, request: Request) -> str:
        """What is asked, as the ledger stores it."""
        return canonical(request, *self._backend.identity(request.stage))

    def name_for(self, stage: str) -> str:
        """Who answers a stage."""
        return self._backend.identity(stage).model

    def topics(self, requests: Sequence[Request], answer: type[A]) -> list[Topic[A]]:
        """One topic for each request, in order; equal requests share theirs. What the ledger knows is replayed.

        Raises:
            ConfigError: A request is not made with the prompt that its stage's adapter has learned.
        """
        found: dict[str, Topic[A]] = {}
        shared = []
        for request in requests:
            check_prompt(self._backend.learned, request)
            key = key_of(self.canonical(request))
            if key not in found:
                found[key] = self._replayed(request, answer)
            found[key].requests += 1
            found[key].subjects[request.subject] = None
            shared.append(found[key])
        return shared

    def _replayed(self, request: Request, answer: type[A]) -> Topic[A]:
        topic = Topic(Dialogue(request, answer, self._config.max_repairs))
        while topic.dialogue.next is not None:
            key = key_of(self.canonical(topic.dialogue.next))
            stored = self.ledger.find(key)
            if stored is None:
                return topic
            topic.keys.append(key)
            topic.hear(stored)
        if topic.dialogue.value is None and self._config.retry_failed:
            return Topic(Dialogue(request, answer, self._config.max_repairs))
        return topic
