"""Where answers come from: a server, an engine in this process, or a script."""

from typing import Protocol

from intentrec.llm.ledger import Answer
from intentrec.llm.messages import Request


class Backend(Protocol):
    """One source of answers.

    Attributes:
        model_id: Name of the model, as it stands in the `model` column of tables.
        decoding: All that makes the answer to a request what it is, besides the request and the model's name:
            it is part of the ledger's key. Plain JSON.
    """

    model_id: str
    decoding: dict[str, object]

    def ask(self, request: Request) -> Answer:
        """The answer, unchecked. Called from several threads at once.

        Raises:
            LLMAnswerError: This request cannot be answered; others may be.
            LLMUnavailable: Nothing can be answered for now.
        """
        ...

    def close(self) -> None:
        """Give back what it holds; a later `ask` opens it again."""
        ...
