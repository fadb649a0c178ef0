"""What one experiment is: its arms, who takes part, and what decides."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from intentrec.settings import Section

Metric = Literal["CTR", "IPV", "DT", "EICD", "CICD", "DCAU", "ATC", "TC", "GMV"]
Direction = Literal["up", "down"]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]

_SHARES_OFF = 1e-9


class Arm(Section):
    """Some of an experiment's users, and what is different for them. What is left out stays as it is."""

    share: float = Field(gt=0.0, le=1.0)
    """Of the users who take part. The shares of all arms add up to 1."""
    beta: float | None = Field(None, ge=0.0, le=1.0)
    """Of the user's vector against the tags', in place of `retrieval.beta`."""
    diversity: float | None = Field(None, ge=0.0, le=10.0)
    """In place of `retrieval.diversity`."""
    explain: bool | None = None
    """Whether lists come with reasons."""
    release: str | None = None
    """A published release that is served in place of the current one."""
    channel: str | None = None
    """One channel's list in place of the blended one: user, tag, memory, popular, encoder."""

    @property
    def settings(self) -> dict[str, Any]:
        """What it changes."""
        return {key: value for key, value in self if key != "share" and value is not None}


class Guardrail(Section):
    """A metric that an arm must not harm by more than a margin."""

    metric: Metric
    direction: Direction = "up"
    """Where good is: up for a metric that must not fall, down for one that must not rise."""
    margin: float = Field(0.02, gt=0.0, lt=1.0)
    """How much harm is still accepted, as a share of the control's mean."""


class Experiment(Section):
    """One experiment; the unit is the user."""

    salt: Name
    """What the users' hashes are made with; the experiment's name by default. Another salt draws the users anew."""
    layer: Name | None = None
    """Experiments of one layer share out its users and never meet; without a layer an experiment has all users."""
    traffic: float = Field(1.0, ge=0.0, le=1.0)
    """Share of the layer's users that take part."""
    traffic_from: float = Field(0.0, ge=0.0, le=1.0)
    """Where in its layer the share begins."""
    arms: dict[Name, Arm]
    """By name; the first is the control."""
    aa: bool = False
    """Whether the arms are alike on purpose, to see that nothing is found; two halves `a` and `b` by default."""
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    primary: Metric = "CTR"
    """The metric that decides."""
    direction: Direction = "up"
    """Where good is for the primary metric."""
    guardrails: tuple[Guardrail, ...] = ()
    window_days: float = Field(7.0, gt=0.0, le=365.0)
    """A user's value is what the user did in so many days after the first exposure, and counts once they are over."""
    pre_days: float = Field(0.0, ge=0.0, le=3650.0)
    """So many days before the first exposure explain away differences that were there before (CUPED); 0 for none."""
    alpha: float = Field(0.05, gt=0.0, le=0.5)
    """Chance of a difference that is not there, over all looks and all arms together."""
    planned_users: int = Field(10_000, ge=100)
    """Of two arms together: intervals are narrowest at this number. Say it before the first look."""
    least_users: int = Field(100, ge=2)
    """An arm with fewer users is not judged."""

    @property
    def control(self) -> str:
        """The arm that others are compared with."""
        return next(iter(self.arms))

    @property
    def treatments(self) -> tuple[str, ...]:
        """The other arms."""
        return tuple(self.arms)[1:]

    @property
    def needed(self) -> frozenset[Metric]:
        """Metrics without which nothing is decided."""
        return frozenset([self.primary, *(each.metric for each in self.guardrails)])

    def settings(self) -> frozenset[str]:
        """Keys that some arm changes."""
        return frozenset(key for arm in self.arms.values() for key in arm.settings)

    @model_validator(mode="before")
    @classmethod
    def _halves(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and given.get("aa") and "arms" not in given:
            return {**given, "arms": {"a": {"share": 0.5}, "b": {"share": 0.5}}}
        return given

    @model_validator(mode="after")
    def _sound(self) -> "Experiment":
        total = sum(arm.share for arm in self.arms.values())
        if len(self.arms) < 2:
            raise ValueError("an experiment has at least two arms, the control first")
        if abs(total - 1.0) > _SHARES_OFF:
            raise ValueError(f"the shares of the arms add up to {total:g}, but must add up to 1")
        if self.aa and self.settings():
            raise ValueError(f"with aa = true the arms are alike: take {', '.join(sorted(self.settings()))} out")
        if self.start and self.end and self.start >= self.end:
            raise ValueError("start must be before end")
        if self.traffic_from + self.traffic > 1.0 + _SHARES_OFF:
            raise ValueError("traffic_from and traffic together must not pass 1")
        if self.traffic_from and self.layer is None:
            raise ValueError("traffic_from needs a layer")
        return self

    def meets(self, other: "Experiment") -> bool:
        """Whether a user may be in both at once."""
        apart = (self.end and other.start and self.end <= other.start) or (
            other.end and self.start and other.end <= self.start
        )
        if apart:
            return False
        if self.layer is None or self.layer != other.layer:
            return True
        first, second = sorted((self, other), key=lambda each: each.traffic_from)
        return first.traffic_from + first.traffic > second.traffic_from + _SHARES_OFF
