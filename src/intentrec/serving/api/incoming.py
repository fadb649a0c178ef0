"""Bodies that bring something: events, items, edits, labels."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

from intentrec.config import Config
from intentrec.serving.api.fields import Id, Moment, Note, Number, Phrase, Price, Strict, Text, needs_one_of
from intentrec.serving.api.kinds import kind_of_event, time_of_event
from intentrec.serving.live import Label, LiveEvent, LiveItem

Name = Annotated[str, StringConstraints(pattern=r"^\w{1,64}$")]
Number64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Plain = Note | Number64 | Number | bool | None
_MOST_MEMBERS = 57  # of which 50 are attributes


class IncomingEvent(LiveEvent):
    """What one user did, with an item or with words."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True,
        json_schema_extra=needs_one_of("item_id", "query"),
    )  # fmt: skip

    event_id: Id
    """Yours: the same id sent again changes nothing, so that a batch can be repeated after any failure."""
    user_id: Id
    event: str
    timestamp: Moment
    item_id: Id | None = None
    """Which item; one that is not known yet may follow, until then the event says nothing."""
    query: Text | None = None
    """The words of a search."""
    weight: Number | None = None
    """Strength of this one event; multiplies the weight of its kind."""
    value: Number | None = None
    """Money or rating."""


class IncomingItem(LiveItem):
    """One item; it replaces an earlier one of its id as a whole. Further members are kept as attributes."""

    model_config = ConfigDict(
        frozen=True, extra="allow", strict=True, use_attribute_docstrings=True,
        json_schema_extra={"propertyNames": {"pattern": "^[A-Za-z0-9_]{1,64}$"}, "maxProperties": _MOST_MEMBERS},
    )  # fmt: skip
    __pydantic_extra__: dict[Name, Plain]

    item_id: Id
    title: Text
    """Name as shoppers see it; with category and description it places a new item among the others."""
    category: Id | None = None
    brand: Id | None = None
    description: Text | None = None
    price: Price | None = None
    created_at: Moment | None = None
    """When the item appeared."""


class Words(Strict):
    """An interest in a person's own words."""

    text: Phrase
    """A short phrase such as "trail running"."""


class IncomingLabel(Strict):
    """One person's judgement of one thing by one criterion; a second one replaces the first."""

    task: Id
    """What is judged, e.g. interest, tag, explanation."""
    subject: Id
    """The id of what is judged."""
    user_id: Id | None = None
    item_id: Id | None = None
    interest: Id | None = None
    text: Note = ""
    """The words that were judged."""
    criterion: Id
    verdict: Id
    rater: Id | None = None
    """Who judged; by default the name of the key."""
    note: Note = ""
    at: Moment | None = None
    """When; by default now."""

    def label(self, rater: str, now: datetime) -> Label:
        """The same with what was left out."""
        given = self.model_dump()
        return Label(**given | {"rater": self.rater or rater, "at": self.at or now})


class LabelBatch(Strict):
    """Judgements; all are kept or none."""

    labels: list[IncomingLabel] = Field(min_length=1, max_length=1000)


def event_batch(config: Config, now: Callable[[], datetime]) -> type[BaseModel]:
    """A batch of the kinds of events that these settings know."""
    event = create_model(
        "Event",
        __base__=IncomingEvent,
        __doc__=IncomingEvent.__doc__,
        event=(kind_of_event(config), ...),
        timestamp=(time_of_event(config, now), ...),
    )
    return _batch("EventBatch", "events", event, config.serving.max_batch)


def item_batch(config: Config) -> type[BaseModel]:
    """A batch of items, as many as these settings allow."""
    item = create_model("Item", __base__=IncomingItem, __doc__=IncomingItem.__doc__)
    return _batch("ItemBatch", "items", item, config.serving.max_batch)


def _batch(name: str, member: str, row: type[BaseModel], most: int) -> type[BaseModel]:
    rows: Any = list[row]  # type: ignore[valid-type]
    about = "All are kept, or, where one cannot be, none."
    fields: Any = {member: (rows, Field(min_length=1, max_length=most, description=about))}
    return create_model(name, __base__=Strict, __doc__="A batch.", **fields)
