"""Settings of experiments, and how several stand beside each other."""

from collections.abc import Mapping
from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, RootModel, model_validator

from intentrec.serving.experiments.definition import Experiment, Name
from intentrec.settings import Section

PerUser = Literal["IPV", "DT", "EICD", "CICD", "DCAU", "ATC", "TC", "GMV"]


class ExperimentsConfig(RootModel[dict[Name, Experiment]]):
    """Experiments by name, `[serving.experiments.NAME]` in the file."""

    model_config = ConfigDict(frozen=True)
    root: dict[Name, Experiment] = Field(default_factory=dict)

    @property
    def named(self) -> Mapping[str, Experiment]:
        """Every experiment by its name."""
        return self.root

    @model_validator(mode="before")
    @classmethod
    def _salted(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return {name: {"salt": name, **each} if isinstance(each, Mapping) else each for name, each in given.items()}

    @model_validator(mode="after")
    def _apart(self) -> "ExperimentsConfig":
        for (name, one), (other, two) in combinations(self.root.items(), 2):
            if not one.meets(two):
                continue
            if one.layer is not None and one.layer == two.layer:
                raise ValueError(f"{name} and {other} share users of the layer {one.layer}: move traffic_from")
            if one.salt == two.salt:
                raise ValueError(f"{name} and {other} have one salt, so that their arms are not independent")
            both = one.settings() & two.settings()
            if both:
                raise ValueError(f"{name} and {other} both set {', '.join(sorted(both))}: give them one layer")
        return self


class OutcomesConfig(Section):
    """Which events the metrics of experiments are made from; docs/experiments.md defines each metric."""

    shown_from: Literal["impressions", "events"] = "impressions"
    """Where showings and clicks come from: the impressions table and its `clicked`, or events of the kinds below."""
    impression: tuple[str, ...] = ("impression",)
    """Kinds of events that are showings, where `shown_from` is events."""
    click: tuple[str, ...] = ("click",)
    """Kinds of events that are clicks, where `shown_from` is events."""
    item_view: tuple[str, ...] = ("view", "detail")
    """Kinds of events that are views of an item's page (IPV)."""
    dwell: tuple[str, ...] = ("dwell",)
    """Kinds of events whose value is time spent, in seconds (DT)."""
    cart: tuple[str, ...] = ("cart",)
    """Kinds of events that put something in the cart (ATC)."""
    purchase: tuple[str, ...] = ("purchase",)
    """Kinds of events that are purchases (TC); their value is money (GMV)."""
    caps: dict[PerUser, Annotated[float, Field(gt=0.0)]] = Field(default_factory=dict)
    """A user's value above this counts as this, e.g. { GMV = 5000 }. Say it before the first look."""
    late_hours: float = Field(1.0, ge=0.0, le=720.0)
    """Events may arrive so late: a user counts this much after the window is over."""
