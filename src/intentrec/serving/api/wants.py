"""Bodies that ask for a list: a history, or wishes."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from intentrec.config import Config
from intentrec.serving.api.asks import ListOptions, up_to
from intentrec.serving.api.fields import Id, Moment, Number, Strict, Text, needs_one_of
from intentrec.serving.api.kinds import kind_of_event, time_of_event
from intentrec.serving.live import LiveEvent

_NOBODY = "-"


class HistoryEvent(Strict):
    """Something that somebody did, with an item or with words."""

    model_config = ConfigDict(json_schema_extra=needs_one_of("item_id", "query"))

    event: str
    item_id: Id | None = None
    """Which item; items that nobody knows say nothing."""
    query: Text | None = None
    """The words of a search."""
    timestamp: Moment | None = None
    """When; events without a time happened in the order given, the last one just now."""
    weight: Number | None = None
    """Strength of this one event; multiplies the weight of its kind."""
    value: Number | None = None
    """Money or rating."""

    @model_validator(mode="after")
    def _about_something(self) -> "HistoryEvent":
        if self.item_id is None and self.query is None:
            raise ValueError("an event needs an item_id or a query")
        return self


class HistoryBody(ListOptions, Strict):
    """A history and how its list shall be."""

    events: Sequence[HistoryEvent]

    def live_events(self, now: datetime) -> list[LiveEvent]:
        """The same as events of nobody."""
        last = len(self.events) - 1
        return [
            LiveEvent(
                event_id=str(n),
                user_id=_NOBODY,
                timestamp=each.timestamp or now - timedelta(seconds=last - n),
                **each.model_dump(exclude={"timestamp"}),
            )
            for n, each in enumerate(self.events)
        ]


class WishBody(ListOptions, Strict):
    """Wishes and how their list shall be."""

    wishes: list[Text] = Field(min_length=1, max_length=50)
    """What is wanted, each in a few words, e.g. "warm slippers"."""
    user_id: Id | None = None
    """For whom; leave it out for somebody who is not known."""


def history_body(config: Config, now: Callable[[], datetime]) -> type[BaseModel]:
    """A history of the kinds of events that these settings know."""
    when: Any = time_of_event(config, now)
    event = create_model(
        "HistoryEvent",
        __base__=HistoryEvent,
        __doc__=HistoryEvent.__doc__,
        event=(kind_of_event(config), ...),
        timestamp=(when | None, Field(None, description=HistoryEvent.model_fields["timestamp"].description)),
    )
    events: Any = list[event]
    about = "Oldest first."
    most = config.serving.max_batch
    return create_model(
        "HistoryBody",
        __base__=up_to(HistoryBody, config.serving.max_k),
        __doc__=HistoryBody.__doc__,
        events=(events, Field(min_length=1, max_length=most, description=about)),
    )
