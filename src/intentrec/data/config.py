"""Settings of what comes in: names, times, limits, and what each kind of event means."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import AwareDatetime, ConfigDict, Field, RootModel, StringConstraints, field_validator, model_validator

from intentrec.settings import Section

InputTable = Literal["items", "users", "events", "impressions"]
Role = Literal["intent", "search", "noise", "negative"]
TIMESTAMP_FORMS = ("iso", "s", "ms", "us", "ns")
Name = Annotated[str, StringConstraints(min_length=1)]


class EventKind(Section):
    """What one kind of event says about its user."""

    role: Role
    """intent: a deliberate sign of wanting (profiles and towers read it). search: the user's own words. noise: too
    cheap to mean anything alone, left out of profiles. negative: the user did not want it."""
    weight: float = Field(1.0, ge=0, le=1000)
    """How much one such event counts against one of another kind; the role says in which direction."""


# Reliable behaviour in the sense of RecGPT-V1: deliberate acts and searches; plain views and clicks are noise.
DEFAULT_KINDS: dict[str, dict[str, Any]] = {
    "view": {"role": "noise", "weight": 0.1},
    "click": {"role": "noise", "weight": 0.2},
    "detail": {"role": "intent", "weight": 0.5},
    "favourite": {"role": "intent", "weight": 0.7},
    "cart": {"role": "intent", "weight": 0.8},
    "purchase": {"role": "intent", "weight": 1.0},
    "review": {"role": "intent", "weight": 1.0},
    "rating": {"role": "intent", "weight": 1.0},
    "search": {"role": "search", "weight": 1.0},
    "return": {"role": "negative", "weight": 1.0},
    "dislike": {"role": "negative", "weight": 1.0},
}


class EventsConfig(RootModel[dict[Name, EventKind]]):
    """Kinds of events by name, `[events.purchase] role = "intent"` in the file.

    The kinds of `DEFAULT_KINDS` are always known; a section of the same name changes only the keys it gives. A kind of
    your own needs at least a role.
    """

    model_config = ConfigDict(frozen=True)
    root: dict[Name, EventKind] = Field(default_factory=lambda: deepcopy(DEFAULT_KINDS), validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _over_defaults(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        kinds: dict[Any, Any] = dict(DEFAULT_KINDS)
        for name, kind in given.items():
            both = name in DEFAULT_KINDS and isinstance(kind, Mapping)
            kinds[name] = {**DEFAULT_KINDS[name], **kind} if both else kind
        return kinds

    @property
    def kinds(self) -> Mapping[str, EventKind]:
        """Every known kind by name."""
        return self.root

    def named(self, *roles: Role) -> tuple[str, ...]:
        """Names of the kinds with one of these roles, sorted."""
        return tuple(sorted(name for name, kind in self.root.items() if kind.role in roles))

    def frame(self) -> pl.DataFrame:
        """Columns `event`, `role`, `kind_weight` of all kinds, sorted by name, to be joined to events."""
        rows = [(name, kind.role, kind.weight) for name, kind in sorted(self.root.items())]
        schema = {"event": pl.String, "role": pl.String, "kind_weight": pl.Float64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def weigh(self, events: pl.DataFrame) -> pl.DataFrame:
        """Events whose `weight` is their own times that of their kind, below zero where the user did not want it."""
        sign = pl.when(pl.col("role") == "negative").then(-1.0).otherwise(1.0)
        own = pl.col("weight").fill_null(1.0) if "weight" in events.columns else pl.lit(1.0)
        kinds = events.join(self.frame(), on="event", how="left", maintain_order="left")
        return kinds.with_columns(weight=own * pl.col("kind_weight").fill_null(1.0) * sign).drop("role", "kind_weight")


class DataConfig(Section):
    """How files that come in are read and checked."""

    rename: dict[InputTable, dict[Name, Name]] = Field(default_factory=dict)
    """Per table, the file's column name = our column name: `[data.rename.events] event_type = "event"`."""
    timestamp: Name = "iso"
    """How times that are not already timestamps are written: iso (text), s, ms, us or ns (numbers since 1970), or a
    pattern such as "%d/%m/%Y %H:%M"."""
    timezone: Name = "UTC"
    """Zone of times that name none, e.g. "Europe/London"; stored times are UTC."""
    earliest: AwareDatetime = datetime(1990, 1, 1, tzinfo=UTC)
    """Events before this time are quarantined: a zero or a wrong unit, rather than history."""
    latest: AwareDatetime | None = None
    """Events after this time are quarantined; by default the moment of the ingest."""
    max_bad_share: float = Field(0.9, ge=0, le=1)
    """When a larger share of a file's rows fails (duplicates not counted), the file is refused instead."""
    bot_events_per_day: int = Field(1000, ge=1, le=10_000_000)
    """A user with more events than this on one day is reported as bot-like."""
    bot_quantile: float = Field(0.999, ge=0.5, le=1)
    """A user above this quantile of events per user, and above ten times the median, is reported as bot-like."""
    few_events: int = Field(5, ge=1, le=1000)
    """Users with fewer events than this are counted as thin in the report."""
    leak_correlation: float = Field(0.9, ge=0, le=1)
    """A number of an item or user that follows its event count with at least this rank correlation is reported."""

    @field_validator("timestamp")
    @classmethod
    def _a_way_to_write_times(cls, form: str) -> str:
        if form in TIMESTAMP_FORMS:
            return form
        moment = datetime(2001, 2, 3, tzinfo=UTC)
        try:
            read = pl.Series([moment]).dt.to_string(form).str.to_datetime(form, time_unit="us", strict=False).item()
        except pl.exceptions.PolarsError:
            read = None
        if read is None or read.replace(tzinfo=UTC) != moment:
            raise ValueError(
                f'must be {", ".join(TIMESTAMP_FORMS)} or a pattern with a whole date, such as "%d/%m/%Y %H:%M"'
            )
        return form

    @field_validator("timezone")
    @classmethod
    def _a_known_zone(cls, zone: str) -> str:
        try:
            pl.Series([datetime(2001, 2, 3)]).dt.replace_time_zone(zone)
        except pl.exceptions.PolarsError as error:
            raise ValueError('must be a zone of the IANA database, such as "UTC" or "Europe/London"') from error
        return zone

    @model_validator(mode="after")
    def _consistent(self) -> "DataConfig":
        for table, names in self.rename.items():
            if len(set(names.values())) < len(names):
                raise ValueError(f"data.rename.{table} gives two columns the same name; keep one of them")
        if self.latest is not None and self.latest <= self.earliest:
            raise ValueError("data.latest must be after data.earliest")
        return self
