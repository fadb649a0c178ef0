"""Further answers to the same questions: the model of a run opened once more, its answers drawn."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields

from intentrec.config import Config
from intentrec.llm import EstimatingModel, LanguageModel, LedgeredModel, LLMConfig, open_model
from intentrec.llm.usage import Usage
from intentrec.tags.writing import Draw


class Draws:
    """Opens the n-th further model when it is asked for, and closes the one before: two lie in memory at most.

    All of them together keep to the budget of the run, apart from the calls that each has in flight when it is reached.
    What they take is added to the usage of the run's model.
    """

    def __init__(self, model: LedgeredModel, llm: LLMConfig, temperature: float) -> None:
        self._model = model
        self._llm = llm
        self._temperature = temperature
        self._drawn: LedgeredModel | None = None

    def __call__(self, n: int) -> LanguageModel:
        """The model whose answers are drawn with the n-th seed after that of the run."""
        self.close()
        changes = {"temperature": self._temperature, "seed": self._llm.seed + n, **self._left()}
        assert self._model.ledger.path is not None
        self._drawn = open_model(self._llm.model_copy(update=changes), self._model.ledger.path)
        assert self._drawn is not None
        return self._drawn

    def close(self) -> None:
        """Close the model that is open, if any."""
        if self._drawn is None:
            return
        for stage, used in self._drawn.usage.items():
            total = self._model.usage.setdefault(stage, Usage())
            for field in fields(Usage):
                setattr(total, field.name, getattr(total, field.name) + getattr(used, field.name))
        self._drawn.close()
        self._drawn = None

    def _left(self) -> dict[str, float]:
        """The rest of a budget; where nothing is left, so little that a model's first call reaches it."""
        spent, llm = self._model.usage.values(), self._llm
        tokens = sum(usage.prompt_tokens + usage.completion_tokens for usage in spent)
        usd = sum(usage.usd for usage in spent)
        left: dict[str, float] = {}
        if llm.budget_tokens:
            left["budget_tokens"] = max(llm.budget_tokens - tokens, 1)
        if llm.budget_usd:
            left["budget_usd"] = max(llm.budget_usd - usd, 1e-9)
        return left


@contextmanager
def draws_of(model: LanguageModel | None, config: Config) -> Iterator[Draw | None]:
    """What draws the further answers that `tags.best_of` wants; None where none are wanted, or nothing can."""
    if config.tags.best_of > 1 and isinstance(model, EstimatingModel):
        yield lambda n: model  # a draw costs what the first answer costs
    elif config.tags.best_of > 1 and isinstance(model, LedgeredModel) and model.ledger.path is not None:
        draws = Draws(model, config.llm, config.tags.draw_temperature)
        try:
            yield draws
        finally:
            draws.close()
    else:
        yield None
