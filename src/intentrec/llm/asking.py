"""Asking a backend many things at once, storing each answer as it comes, and stopping in time."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from typing import Any

from intentrec.errors import BudgetExceeded, LLMAnswerError, LLMUnavailable
from intentrec.llm.backends import Backend
from intentrec.llm.config import LLMConfig
from intentrec.llm.ledger import Answer, Status
from intentrec.llm.topics import Library, Topic
from intentrec.llm.usage import Usage

_NO_ANSWER = Answer("", 0, 0)
_REFUSALS = 5  # so many refusals and not one answer: the settings are wrong, not the requests
_Flight = dict[Future[Answer], Topic[Any]]


class Asker:
    """Keeps a backend busy. Threads only ask; the ledger and all counting stay in the calling thread.

    Attributes:
        spent: Calls, tokens and money of this run, which the budget is held against.
    """

    def __init__(self, backend: Backend, library: Library, config: LLMConfig, clock: Callable[[], datetime]) -> None:
        self.spent = Usage()
        self._backend = backend
        self._library = library
        self._config = config
        self._clock = clock
        self._answered = self._refused = 0

    def ask(self, topics: Sequence[Topic[Any]], usage: Usage, advance: Callable[[int], None]) -> None:
        """Bring every topic to its end.

        When something stops it (the budget, an outage, Ctrl-C), no further call is sent; those in flight are awaited
        and stored before the reason is raised.
        """
        waiting, flying = deque(topics), _Flight()
        stop: BaseException | None = None
        with ThreadPoolExecutor(self._config.in_flight, thread_name_prefix="llm") as pool:
            while flying or (waiting and stop is None):
                try:
                    if stop is None:
                        self._send(pool, waiting, flying)
                    for future in wait(flying, return_when=FIRST_COMPLETED).done:
                        self._land(flying, future, waiting, usage, advance)
                except (Exception, KeyboardInterrupt) as reason:
                    if isinstance(stop, KeyboardInterrupt) and isinstance(reason, KeyboardInterrupt):
                        raise  # told to stop twice: do not wait for the answers
                    stop = stop or reason
        if stop is not None:
            raise stop

    def _send(self, pool: ThreadPoolExecutor, waiting: deque[Topic[Any]], flying: _Flight) -> None:
        while waiting and len(flying) < self._config.in_flight:
            self._check_budget()
            topic = waiting.popleft()
            question = topic.dialogue.next
            assert question is not None
            flying[pool.submit(self._backend.ask, question)] = topic

    def _land(
        self,
        flying: _Flight,
        future: Future[Answer],
        waiting: deque[Topic[Any]],
        usage: Usage,
        advance: Callable[[int], None],
    ) -> None:
        topic = flying.pop(future)
        question = topic.dialogue.next
        assert question is not None
        asked = self._library.canonical(question)
        try:
            answer = _as_text(future.result())
            topic.hear(answer)
            self._answered += 1
            status: Status = "ok" if topic.dialogue.error is None else "wrong"
        except LLMAnswerError as refusal:
            answer, status = _NO_ANSWER, "refused"
            topic.dialogue.refuse(str(refusal))
            self._refused += 1
        topic.calls += 1
        self._store(asked, answer, status, topic, usage)
        if topic.dialogue.next is None:
            advance(topic.requests)
        else:
            waiting.appendleft(topic)
        self._check_refusals(topic)

    def _store(self, asked: str, answer: Answer, status: Status, topic: Topic[Any], usage: Usage) -> None:
        usd = self._config.usd(answer.prompt_tokens, answer.completion_tokens)
        self._library.ledger.store(
            asked,
            answer,
            status=status,
            error=topic.dialogue.error,
            usd=usd,
            created_at=self._clock(),
            subjects=topic.subjects,
        )
        for account in (usage, self.spent):
            account.spend(answer.prompt_tokens, answer.completion_tokens, usd)

    def _check_refusals(self, topic: Topic[Any]) -> None:
        if self._refused >= _REFUSALS and not self._answered:
            raise LLMUnavailable(
                f"{self._backend.model_id} refused all of the first {self._refused} requests; "
                f"the last with: {topic.dialogue.error}.",
                hint="Run `intentrec doctor`, and check the [llm] section of intentrec.toml "
                "(`structured`, `context_tokens`, `model`).",
            )

    def _check_budget(self) -> None:
        tokens = self.spent.prompt_tokens + self.spent.completion_tokens
        config = self._config
        if config.budget_tokens and tokens >= config.budget_tokens:
            limit, setting = f"{config.budget_tokens:,} tokens", "llm.budget_tokens"
        elif config.budget_usd and self.spent.usd >= config.budget_usd:
            limit, setting = f"${config.budget_usd:,.2f}", "llm.budget_usd"
        else:
            return
        raise BudgetExceeded(
            f"The budget of this run, {limit}, is reached: {self.spent.calls:,} calls took {tokens:,} tokens and "
            f"${self.spent.usd:,.4f}. Every answer is kept. Run the same command again to go on from here with a new "
            f"budget, or raise {setting}."
        )


def _as_text(answer: Answer) -> Answer:
    """The answer without halves of surrogate pairs, which JSON may carry and no file can store."""
    text = answer.text.encode("utf-8", "replace").decode()
    return Answer(text, answer.prompt_tokens, answer.completion_tokens, answer.cut)
