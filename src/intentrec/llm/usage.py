"""What was asked, and what it took."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from intentrec.llm.messages import Completion


@dataclass
class Usage:
    """What one stage took from a model since the model was opened.

    Attributes:
        requests: Requests made of the model.
        hits: Those that needed no call: answered from the ledger, or the same as another request.
        failed: Those without a right answer.
        calls: Calls made, repairs included.
        prompt_tokens: Tokens read in those calls.
        completion_tokens: Tokens written in those calls.
    """

    requests: int = 0
    hits: int = 0
    failed: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0

    def count(self, completions: Sequence[Completion[Any]]) -> None:
        """Add the outcomes of one `complete`."""
        self.requests += len(completions)
        self.hits += sum(completion.cached for completion in completions)
        self.failed += sum(completion.value is None for completion in completions)

    def spend(self, prompt_tokens: int, completion_tokens: int, usd: float) -> None:
        """Add one call."""
        self.calls += 1
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens
        self.usd += usd


@dataclass(frozen=True)
class Estimate:
    """What a run would ask and cost at most.

    Attributes:
        calls: Calls that would be made, if no answer needed a repair.
        hits: Requests that need no call.
        prompt_tokens: About so many tokens to read.
        completion_tokens: At most so many tokens to write.
        usd: Money for both.
    """

    calls: int
    hits: int
    prompt_tokens: int
    completion_tokens: int
    usd: float
