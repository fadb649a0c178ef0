"""Where answers come from: a server, an engine in this process, or a script."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from intentrec.llm.ledger import Answer
from intentrec.llm.messages import Request


class Identity(NamedTuple):
    """Who answers a stage, as the ledger and the tables know it.

    Attributes:
        model: Name of the model, adapter included, as it stands in the `model` column of tables.
        decoding: All that makes the answer to a request what it is, besides the request and the model's name:
            it is part of the ledger's key. Plain JSON.
    """

    model: str
    decoding: dict[str, object]


class Backend(Protocol):
    """One source of answers.

    Attributes:
        model_id: Name of the model without adapters.
        learned: The stages that have an adapter, each with the version of the prompt that it learned; "" where nobody
            knows.
    """

    model_id: str
    learned: Mapping[str, str]

    def identity(self, stage: str) -> Identity:
        """Who answers this stage's requests. It depends on the adapter of this stage and on no other."""
        ...

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
