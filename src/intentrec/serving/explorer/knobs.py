"""What people can turn on a user's page: how long the list is, what may be in it, and how it is weighed."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from intentrec.serving.ranking import Ask, Filters, Ranking

_STEP = 0.01
MOST_DIVERSITY = 3.0


def _nothing(value: Any) -> Any:
    """A field of a form that was left empty says nothing."""
    return None if value == "" else value


Turned = Annotated[float | None, BeforeValidator(_nothing)]


class Knobs(BaseModel):
    """As they stand in an address or a form.

    Attributes:
        id: Whose list.
        beta: None or the fitted value for what was fitted.
        diversity: None or the release's value for its setting.
        category: The only category; "" for all.
        interest: The interest whose evidence is shown; "" for none.
        events: "all" for the whole timeline.
    """

    model_config = ConfigDict(frozen=True)

    id: str = Field(min_length=1, max_length=500)
    k: int = Field(10, ge=1, le=1000)
    beta: Turned = Field(None, ge=0.0, le=1.0)
    diversity: Turned = Field(None, ge=0.0, le=10.0)
    viewed: bool = False
    category: str = Field("", max_length=500)
    interest: str = Field("", max_length=500)
    events: str = Field("", max_length=10)

    def query(self, **other: Any) -> dict[str, Any]:
        """What an address needs to come back to the same, without what stands at its default."""
        values = self.model_dump() | other
        defaults = {name: field.default for name, field in type(self).model_fields.items()}
        return {name: value for name, value in values.items() if value != defaults[name]}


def ask_of(knobs: Knobs, ranking: Ranking, most: int) -> Ask:
    """The list that is asked for. What stands where it was fitted is not asked for, so that the stored list comes.

    Args:
        knobs: As they were turned.
        ranking: Whose release has the values at rest.
        most: Longest list that may be asked for.
    """
    return Ask(
        k=min(knobs.k, most),
        filter_viewed=not knobs.viewed,
        filters=Filters(categories=frozenset([knobs.category])) if knobs.category else Filters(),
        beta=_turned(knobs.beta, at_rest_beta(ranking, knobs.id)),
        diversity=_turned(knobs.diversity, at_rest_diversity(ranking)),
    )


def at_rest(knobs: Knobs, ranking: Ranking, most: int) -> Ask:
    """The same list with neither beta nor diversity turned."""
    return ask_of(knobs.model_copy(update={"beta": None, "diversity": None}), ranking, most)


def at_rest_beta(ranking: Ranking, user_id: str) -> float:
    """Beta as it was fitted for the user."""
    return ranking.beta_of(user_id)


def at_rest_diversity(ranking: Ranking) -> float:
    """Diversity as the release has it."""
    return float(ranking.bundle.meta.config["retrieval"]["diversity"])


def _turned(value: float | None, rest: float) -> float | None:
    return None if value is None or abs(value - rest) < _STEP / 2 else value
