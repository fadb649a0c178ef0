"""Kinds of events that the settings know, and times that an event can have."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, JsonValue

from intentrec.config import Config
from intentrec.serving.api.fields import Moment

_NAMED = 20


def kind_of_event(config: Config) -> Any:
    """The type of a kind of event: one that the settings name."""
    kinds: list[JsonValue] = [*sorted(config.events.kinds)]
    known = ", ".join(map(str, kinds[:_NAMED])) + (", ..." if len(kinds) > _NAMED else "")

    def checked(kind: str) -> str:
        if kind not in config.events.kinds:
            raise ValueError(f"no kind of event here; the settings know {known}")
        return kind

    about = "Kind of event, as `[events]` of the settings names it."
    return Annotated[str, AfterValidator(checked), Field(description=about, json_schema_extra={"enum": kinds})]


def time_of_event(config: Config, now: Callable[[], datetime]) -> Any:
    """The type of an event's time: neither before `data.earliest` nor further ahead than clocks differ."""
    earliest, ahead = config.data.earliest, timedelta(seconds=config.serving.future_seconds)

    def checked(moment: datetime) -> datetime:
        if moment < earliest:
            raise ValueError(f"before {earliest:%Y-%m-%d} (data.earliest)")
        if moment > now() + ahead:
            raise ValueError(f"more than {ahead.total_seconds():g} s ahead of the server's clock")
        return moment

    about = "When it happened, with a zone; not in the future."
    return Annotated[Moment, AfterValidator(checked), Field(description=about)]
