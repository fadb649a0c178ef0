"""Search spaces: what is tried for each baseline, published with the settings."""

from collections.abc import Callable
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from intentrec.settings import Section

Value = float | int | str | bool
Setting = dict[str, Value]

HALF_LIVES: tuple[float, ...] = (60.0, 180.0, 36_500.0)


class FloatRange(Section):
    """Any number from `low` to `high`."""

    low: float
    """Smallest number tried."""

    high: float
    """Greatest number tried."""

    log: bool = False
    """Whether factors, rather than differences, are drawn evenly."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check_ends(self.low, self.high, self.log)
        return self


class IntRange(Section):
    """Any whole number from `low` to `high`."""

    low: int
    """Smallest number tried."""

    high: int
    """Greatest number tried."""

    log: bool = False
    """Whether factors, rather than differences, are drawn evenly."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check_ends(self.low, self.high, self.log)
        return self


def _check_ends(low: float, high: float, log: bool) -> None:
    if low >= high:
        raise ValueError("low must be below high")
    if log and low <= 0:
        raise ValueError("a range with log = true must begin above 0")


Dimension = FloatRange | IntRange | tuple[Value, ...]
Floats = FloatRange | Annotated[tuple[float, ...], Field(min_length=1)]
Whole = IntRange | Annotated[tuple[int, ...], Field(min_length=1)]


def _between(low: float, high: float) -> Callable[[Floats | Whole], Floats | Whole]:
    def check(tried: Floats | Whole) -> Floats | Whole:
        ends = tried if isinstance(tried, tuple) else (tried.low, tried.high)
        if any(not low <= value <= high for value in ends):
            raise ValueError(f"must lie between {low:g} and {high:g}")
        return tried

    return check


Days = Annotated[Floats, AfterValidator(_between(1e-3, 36_500))]
Count = Annotated[Whole, AfterValidator(_between(1, 10_000))]
Places = Annotated[Whole, AfterValidator(_between(0, 10_000))]
Weight = Annotated[Floats, AfterValidator(_between(0, 1e6))]
Positive = Annotated[Floats, AfterValidator(_between(1e-9, 1e6))]
Share = Annotated[Floats, AfterValidator(_between(0, 1))]


class Space(Section):
    """One range or list of values for each option of a system.

    A space of lists alone that is no larger than the budget is tried whole, in its order. Any other is searched: first
    `STARTS` as far as they lie in it, settings that are known to be good somewhere, then what a Parzen estimator
    proposes.
    """

    STARTS: ClassVar[tuple[Setting, ...]] = ()

    def dimensions(self) -> dict[str, Dimension]:
        """Option -> what is tried for it."""
        return {name: getattr(self, name) for name in type(self).model_fields}


class PopularitySpace(Space):
    """What is tried for popularity of the last days."""

    days: Days = (3.0, 7.0, 14.0, 28.0, 56.0, 112.0, 365.0)
    """Length of the window before the cut."""


class ItemKNNSpace(Space):
    """What is tried for ItemKNN: without the order of histories, and with it."""

    STARTS: ClassVar[tuple[Setting, ...]] = (
        {"neighbours": 10, "shrinkage": 10.0, "decay": 1.0, "window": 0, "distance": 0.5, "backward": 0.5,
         "activity": 0.0, "half_life_days": 60.0},
        {"neighbours": 50, "shrinkage": 10.0, "decay": 1.0, "window": 0, "distance": 0.5, "backward": 0.5,
         "activity": 0.0, "half_life_days": 180.0},
        {"neighbours": 200, "shrinkage": 5.0, "decay": 0.7, "window": 20, "distance": 0.5, "backward": 0.5,
         "activity": 0.5, "half_life_days": 36_500.0},
        {"neighbours": 10, "shrinkage": 10.0, "decay": 0.95, "window": 0, "distance": 0.5, "backward": 0.5,
         "activity": 0.5, "half_life_days": 60.0},
    )  # fmt: skip

    neighbours: Count = (10, 20, 50, 200)
    """Nearest items kept for each item of the history."""

    shrinkage: Weight = FloatRange(low=1.0, high=50.0, log=True)
    """Added to the product of lengths under the cosine."""

    decay: Share = FloatRange(low=0.4, high=1.0)
    """What each further item back in a history counts, as a share of the one after it."""

    window: Places = (0, 5, 20)
    """Most places apart of two items that count as a pair; 0 takes the whole history without its order."""

    distance: Share = FloatRange(low=0.0, high=1.0)
    """How fast pairs fade with the places between them; only with a window."""

    backward: Share = FloatRange(low=0.1, high=1.0)
    """Weight of a pair against the order of the history; only with a window."""

    activity: Share = FloatRange(low=0.0, high=1.0)
    """Exponent by which users of many items say less."""

    half_life_days: Days = HALF_LIVES
    """Days after which an event counts half; 36500 counts all alike."""


class EASESpace(Space):
    """What is tried for EASE."""

    regularisation: Positive = (20.0, 50.0, 200.0, 1000.0)
    """Added to the diagonal of the Gram matrix."""

    half_life_days: Days = HALF_LIVES
    """Days after which an event counts half; 36500 counts all alike."""


class IALSSpace(Space):
    """What is tried for iALS."""

    factors: Count = (64, 256)
    """Width of the factors."""

    regularisation: Positive = (20.0, 40.0, 80.0)
    """Weight of the factors' squared length."""

    alpha: Positive = (20.0,)
    """Confidence of a pair of strength 1; its ratio to the regularisation matters most."""

    half_life_days: Days = (90.0, 36_500.0)
    """Days after which an event counts half; 36500 counts all alike."""


class TransitionsSpace(Space):
    """What is tried for the graph of transitions."""

    STARTS: ClassVar[tuple[Setting, ...]] = (
        {"anchor": 1, "edge": 0.5, "near": 7, "far": 2, "before_near": 0, "before_far": 0, "rest": 1},
        {"anchor": 1, "edge": 0.5, "near": 5, "far": 1, "before_near": 3, "before_far": 1, "rest": 1},
    )

    anchor: Count = (1, 2, 3, 5)
    """How many of the last items are averaged into the anchor."""

    edge: Weight = FloatRange(low=0.1, high=5.0, log=True)
    """Weight of a transition's count against the cosine of titles."""

    near: Places = IntRange(low=1, high=8)
    """Places in each round for what followed the last item."""

    far: Places = IntRange(low=0, high=4)
    """Places for what followed that."""

    before_near: Places = IntRange(low=0, high=4)
    """Places for what followed the item before the last."""

    before_far: Places = IntRange(low=0, high=2)
    """Places for what followed that."""

    rest: Count = IntRange(low=1, high=4)
    """Places for everything else, by title."""


class BM25Space(Space):
    """What is tried for BM25 over titles."""

    STARTS: ClassVar[tuple[Setting, ...]] = ({"recent": 5, "decay": 0.8, "saturation": 1.2, "length": 0.75},)

    recent: Count = (1, 2, 3, 5, 10, 20)
    """How many of the last items make the query."""

    decay: Share = FloatRange(low=0.4, high=1.0)
    """What each further item back counts, as a share of the one after it."""

    saturation: Weight = FloatRange(low=0.3, high=3.0, log=True)
    """k1."""

    length: Share = FloatRange(low=0.0, high=1.0)
    """b."""


class ContentSpace(Space):
    """What is tried for the cosine of titles' vectors."""

    STARTS: ClassVar[tuple[Setting, ...]] = ({"recent": 5, "decay": 0.8},)

    recent: Count = (1, 2, 3, 5, 10, 20)
    """How many of the last items are looked at."""

    decay: Share = FloatRange(low=0.4, high=1.0)
    """What each further item back counts, as a share of the one after it."""


class TwoTowerSpace(Space):
    """What is tried for the plain two-tower."""

    STARTS: ClassVar[tuple[Setting, ...]] = (
        {"width": 64, "history": 20, "temperature": 0.1, "rate": 0.003, "epochs": 10, "dropout": 0.2},
    )

    width: Count = (64, 128)
    """Of the vectors."""

    history: Count = (5, 20, 50)
    """Most items of a history that are looked at."""

    temperature: Positive = FloatRange(low=0.05, high=0.3, log=True)
    """Divides the cosines in the loss."""

    rate: Positive = FloatRange(low=0.0005, high=0.01, log=True)
    """Learning rate."""

    epochs: Count = (5, 10, 20)
    """Passes over all events."""

    dropout: Share = (0.0, 0.2, 0.5)
    """Share of the mean's coordinates that training leaves out."""
