"""The one seam to language models: `complete(requests) -> completions`, every call through the ledger."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from intentrec.llm.asking import Asker
from intentrec.llm.backends import Backend
from intentrec.llm.config import LLMConfig
from intentrec.llm.ledger import Ledger
from intentrec.llm.messages import A, Completion, Request
from intentrec.llm.tokens import estimate_prompt
from intentrec.llm.topics import Library, Topic
from intentrec.llm.usage import Estimate, Usage
from intentrec.progress import SILENT, Progress


class LanguageModel(Protocol):
    """What stages know of language models.

    Attributes:
        model_id: Name of the model without adapters.
        small: Whether tasks must be cut into small choices for it.
        tuned: The stages that it was aligned for; they ask in the short form that it learned.
    """

    model_id: str
    small: bool
    tuned: frozenset[str]

    def name_for(self, stage: str) -> str:
        """Who answers a stage, adapter included, as it stands in the `model` column of tables."""
        ...

    def complete(
        self, requests: Sequence[Request], answer: type[A], progress: Progress = SILENT
    ) -> list[Completion[A]]:
        """One completion for each request, in the same order.

        A request that got no right answer, even after repair, has `value=None` and an `error`.

        Raises:
            ConfigError: The stage's adapter did not learn the prompt that a request is made with.
            LLMUnavailable: The model cannot be reached; answers that came before are in the ledger.
            BudgetExceeded: The cap of the run is reached; likewise.
        """
        ...


def utc_now() -> datetime:
    """The time on the wall."""
    return datetime.now(UTC)


class LedgeredModel:
    """A backend behind the ledger: nothing is asked twice, nothing answered is lost, the budget holds.

    Attributes:
        ledger: Where the calls are stored.
        usage: What was asked and spent since this model was opened, by stage.
    """

    def __init__(
        self, backend: Backend, ledger: Ledger, config: LLMConfig, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.model_id = backend.model_id
        self.small = config.is_small
        self.tuned = frozenset(backend.learned)
        self.ledger = ledger
        self.usage: dict[str, Usage] = {}
        self._backend = backend
        self._library = Library(backend, ledger, config)
        self._asker = Asker(backend, self._library, config, clock)

    def name_for(self, stage: str) -> str:
        """See `LanguageModel.name_for`."""
        return self._library.name_for(stage)

    def complete(
        self, requests: Sequence[Request], answer: type[A], progress: Progress = SILENT
    ) -> list[Completion[A]]:
        """See `LanguageModel.complete`; requests that are word for word the same are asked once."""
        if not requests:
            return []
        topics = self._library.topics(requests, answer)
        distinct = list({id(topic): topic for topic in topics}.values())
        self.ledger.name((key, subject) for topic in distinct for key in topic.keys for subject in topic.subjects)
        usage = self.usage.setdefault(requests[0].stage, Usage())
        with progress.track(f"{requests[0].stage}: {self.name_for(requests[0].stage)}", total=len(requests)) as advance:
            advance(sum(topic.requests for topic in distinct if topic.dialogue.next is None))
            self._asker.ask([topic for topic in distinct if topic.dialogue.next is not None], usage, advance)
        completions = _completions(requests, topics, self.name_for)
        usage.count(completions)
        return completions

    def close(self) -> None:
        """Close the backend and the ledger."""
        self._backend.close()
        self.ledger.close()


class EstimatingModel:
    """Asks nothing: says what a run would ask, and answers only from the ledger.

    Attributes:
        asked: The requests that a run would send, equal ones once.
    """

    def __init__(self, backend: Backend, ledger: Ledger, config: LLMConfig) -> None:
        self.model_id = backend.model_id
        self.small = config.is_small
        self.tuned = frozenset(backend.learned)
        self.asked: list[Request] = []
        self._library = Library(backend, ledger, config)
        self._config = config
        self._hits = 0

    def name_for(self, stage: str) -> str:
        """See `LanguageModel.name_for`."""
        return self._library.name_for(stage)

    def complete(
        self, requests: Sequence[Request], answer: type[A], progress: Progress = SILENT
    ) -> list[Completion[A]]:
        """What the ledger holds, and `error="dry-run"` for the rest. Nothing is written, not even to the ledger."""
        topics = self._library.topics(requests, answer)
        unknown = [t for t in {id(topic): topic for topic in topics}.values() if t.dialogue.next is not None]
        for topic in unknown:
            topic.dialogue.error = "dry-run"
            self.asked.append(topic.dialogue.request)
        self._hits += len(requests) - len(unknown)
        return _completions(requests, topics, self.name_for)

    def close(self) -> None:
        """Close the ledger."""
        self._library.ledger.close()

    def estimate(self) -> Estimate:
        """What the run would cost at most, if no answer needed a repair."""
        prompt = sum(estimate_prompt(request) for request in self.asked)
        longest = sum(request.max_tokens for request in self.asked)
        return Estimate(len(self.asked), self._hits, prompt, longest, self._config.usd(prompt, longest))


def _completions(
    requests: Sequence[Request], topics: Sequence[Topic[A]], name_for: Callable[[str], str]
) -> list[Completion[A]]:
    seen: set[int] = set()
    completions = []
    for request, topic in zip(requests, topics, strict=True):
        completions.append(
            topic.completion(request, name_for(request.stage), cached=not topic.calls or id(topic) in seen)
        )
        seen.add(id(topic))
    return completions
