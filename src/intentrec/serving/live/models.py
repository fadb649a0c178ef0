"""What comes in while a release is served, and what the keeper makes of it."""

import hashlib
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


Id = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_not_blank)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=10_000), AfterValidator(_not_blank)]
Number = Annotated[float, Field(allow_inf_nan=False)]


def _storable(moment: datetime) -> datetime:
    if not 1900 <= moment.year < 2200:
        raise ValueError("must lie between 1900 and 2200")
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_storable)]
"""A time with a zone; kept in UTC."""
_COLUMN = re.compile(r"\w{1,64}")
_MOST_ATTRIBUTES = 50
_NAMING = ("task", "subject", "item_id", "interest", "text", "criterion", "rater")


class LiveEvent(BaseModel):
    """One event as it came in: a row of `EVENTS` under the sender's own id.

    Attributes:
        event_id: The same id sent again is counted as a duplicate and changes nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    event_id: Id
    user_id: Id
    timestamp: Moment
    event: Id
    item_id: Id | None = None
    query: Text | None = None
    weight: Number | None = None
    value: Number | None = None

    @model_validator(mode="after")
    def _about_something(self) -> "LiveEvent":
        if self.item_id is None and self.query is None:
            raise ValueError("an event needs an item_id or a query")
        return self


class LiveItem(BaseModel):
    """One item as it came in: a row of `ITEMS`; further attributes are kept.

    It replaces an earlier row of the same id as a whole.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    item_id: Id
    title: Text
    category: Id | None = None
    brand: Id | None = None
    description: Text | None = None
    price: Number | None = None
    created_at: Moment | None = None

    @model_validator(mode="after")
    def _columns(self) -> "LiveItem":
        further = self.attributes()
        if len(further) > _MOST_ATTRIBUTES:
            raise ValueError(f"an item may have {_MOST_ATTRIBUTES} further attributes, not {len(further)}")
        if wrong := [name for name in further if not _COLUMN.fullmatch(name)]:
            raise ValueError(f"{wrong[0]!r:.80} cannot be a column; use letters, digits and _, at most 64 of them")
        try:
            orjson.dumps(further)
        except (TypeError, ValueError) as error:
            raise ValueError(f"the further attributes cannot be kept: {error}") from None
        return self

    def attributes(self) -> dict[str, Any]:
        """The further attributes."""
        return self.model_extra or {}


class InterestEdit(BaseModel):
    """What a user wants changed about one interest; it stands until the user takes it back.

    Attributes:
        interest_id: The interest it is about; for an added one it follows from user and text.
        text: The words of a reworded or added interest.
        at: When it was asked; of two about the same interest the later stands.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_id: Id
    action: Literal["remove", "reword", "add"]
    interest_id: Id | None = None
    text: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    at: Moment

    @model_validator(mode="before")
    @classmethod
    def _name_an_added_one(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("action") != "add" or given.get("interest_id") is not None:
            return given
        named = f"{given.get('user_id')}\0{given.get('text')}".encode("utf-8", "surrogatepass")
        return given | {"interest_id": hashlib.sha256(named).hexdigest()[:12]}

    @model_validator(mode="after")
    def _complete(self) -> "InterestEdit":
        if self.interest_id is None:
            raise ValueError(f"to {self.action} an interest takes its interest_id")
        if (self.text is None) != (self.action == "remove"):
            raise ValueError("text is needed to reword or add an interest, and is none of a removed one")
        return self


class Label(BaseModel):
    """One person's judgement of one thing by one criterion: a row of `LABELS`.

    Attributes:
        label_id: By default the same for the same rater, thing and criterion, so that a second judgement replaces the
            first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Id
    subject: Id
    user_id: Id | None = None
    item_id: Id | None = None
    interest: Id | None = None
    text: Annotated[str, StringConstraints(max_length=10_000)] = ""
    criterion: Id
    verdict: Id
    rater: Id
    note: Annotated[str, StringConstraints(max_length=10_000)] = ""
    at: Moment
    label_id: Id

    @model_validator(mode="before")
    @classmethod
    def _name(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("label_id"):
            return given
        parts = [
            str(given.get(name)) for name in ("task", "subject", "item_id", "interest", "text", "criterion", "rater")
        ]
        named = "\0".join(parts).encode("utf-8", "surrogatepass")
        return given | {"label_id": hashlib.sha256(named).hexdigest()[:24]}


class Exposure(BaseModel):
    """That a user was shown an arm of an experiment: a row of `EXPOSURES`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    experiment: Id
    arm: Id
    user_id: Id
    timestamp: Moment
    request_id: Id | None = None
    release: Id


class Refreshed(BaseModel):
    """What the keeper wrote about a user whose intent drifted since the release.

    Attributes:
        until: Number of the latest live event that it knows.
        interests: Rows of `INTERESTS`. Evidence below zero is minus the number of a live event that has no row yet.
        tags: Rows of `TAGS`, best first.
        profile: `text` and `lines` of a row of `PROFILES`.
    """

    model_config = ConfigDict(frozen=True)

    user_id: str
    at: datetime
    until: int
    interests: list[dict[str, Any]]
    tags: list[dict[str, Any]]
    profile: dict[str, Any]


class ErasureStatus(BaseModel):
    """How far an erasure is. It names nobody: only who has the receipt's random id knows whom it is about.

    Attributes:
        state: waiting: nothing is served any more, tables and bundles are not cleared yet. erased: cleared; the id is
            forgotten as soon as no process can still need it. done: nothing names the user any more.
        rows: Removed rows by table; `live` counts what was in the live store.
        failed: Why the last try failed; it is tried again.
    """

    model_config = ConfigDict(frozen=True)

    receipt_id: str
    state: Literal["waiting", "erased", "done"]
    asked_at: datetime
    erased_at: datetime | None = None
    done_at: datetime | None = None
    rows: dict[str, int] = Field(default_factory=dict)
    ledger_calls: int = 0
    failed: str | None = None


class Added(BaseModel):
    """What became of a batch; all of it is on disk."""

    model_config = ConfigDict(frozen=True)

    accepted: int
    duplicates: int
