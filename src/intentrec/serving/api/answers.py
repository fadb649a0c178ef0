"""What the API answers, as its specification says it. Lists are bytes that no model checks again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from intentrec.serving.ranking import Answer

JSON_TYPE = (b"content-type", b"application/json")


class Said(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Entry(Said):
    """One item of a list. With `explain=false`: item_id, title and score alone."""

    item_id: str
    title: str
    score: float
    """What the list is sorted by; comparable within one list only."""
    category: str | None = None
    brand: str | None = None
    price: float | None = None
    score_user: float | None = None
    """Part of the score that what the user did brings."""
    score_tag: float | None = None
    """Part of the score that the tags bring; null where none took part."""
    source: str | None = None
    """The channel that brought the item: user, tag, popular, ..."""
    tag: str | None = None
    """The tag nearest to the item."""
    interest: str | None = None
    """The interest behind the item, in words."""
    interest_id: str | None = None
    reason: str | None = None
    """One sentence for the shopper."""


class Listed(Said):
    """A list, best first."""

    release: str
    """The release that it was made from."""
    source: str
    """stored (as the release has it), live (ranked anew with what came in since), popular (the user is not known),
    history, wishes, similar or channel:NAME."""
    n: int
    """How many items: fewer than k where filters leave fewer."""
    items: list[Entry]


class UserList(Listed):
    """A list for a user."""

    user_id: str
    experiments: dict[str, str] | None = None
    """The arm of each experiment that the user takes part in."""


class ItemList(Listed):
    """A list for an item."""

    item_id: str


class WishList(Listed):
    """A list from words."""

    user_id: str | None
    """The user whose vector took part, too."""


class Json(Response):
    """JSON that is bytes already."""

    def __init__(self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.status_code, self.body, self.background = status, body, None
        given = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in (headers or {}).items()]
        self.raw_headers = [JSON_TYPE, (b"content-length", str(len(body)).encode()), *given]


def said(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Json:
    """An answer of plain values; times are written in UTC with Z, numbers that are no numbers as null."""
    return Json(orjson.dumps(value, option=_OPTIONS, default=_plain), status, headers)


def listed(answer: Answer, **subject: str | dict[str, str] | None) -> Json:
    """An answer that is a list, with whom or what it is about."""
    head = orjson.dumps({**subject, "release": answer.release, "source": answer.source, "n": answer.n})
    return Json(b'%b,"items":[%b]}' % (head[:-1], answer.entries))


_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump()
    raise TypeError(type(value).__name__)


class Trouble(Said):
    """What went wrong (RFC 9457), with the media type application/problem+json."""

    type: str = Field("about:blank")
    title: str
    """The status in words."""
    status: int
    detail: str
    """What was wrong, and what to do."""


class Fault(Said):
    """One value that cannot be used."""

    loc: list[str | int]
    """Where it stands: query, path or body, then names and positions from 0."""
    msg: str
    value: str
    """What was given, shortened."""


class Refusal(Trouble):
    """Values that cannot be used; nothing was done."""

    errors: list[Fault]


class State(Said):
    """Whether the process is up."""

    status: str


class Readiness(Said):
    """What the process answers from."""

    status: str
    release: str
    as_of: datetime
    """The release knows what happened before this time."""


class Kept(Said):
    """What became of a batch."""

    accepted: int
    duplicates: int
    """Rows that were there already and changed nothing."""


class Interest(Said):
    """One interest."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    interest_id: str
    interest: str
    """A short phrase."""


class Tag(Said):
    """What the user may want next."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    rank: int
    tag: str
    interest_id: str


class AboutUser(Said):
    """What is written about a user."""

    user_id: str
    interests: list[Interest]
    """Weightiest first."""
    tags: list[Tag]
    """Best first."""


class Evidence(Said):
    """Why an item stands where it stands: from the score to the raw events."""

    release: str
    user_id: str
    item_id: str
    title: str
    rank: int
    """Place in the shortest list looked at that holds the item."""
    list_length: int
    score: float
    score_user: float | None
    score_tag: float | None
    source: str
    tag: str | None
    reason: str
    interest: dict[str, Any] | None
    tags: list[str]
    """Tags of that interest."""
    lines: list[str]
    """Lines of the profile that the interest rests on."""
    events: list[dict[str, Any]]
    """Events behind them; without an interest, the user's latest."""
    remembered: dict[str, float]
    """What pairs of items have in score_user, by the way in which they led here."""


class Receipt(Said):
    """Where to ask how far an erasure is."""

    receipt: str


class Erasure(Said):
    """How far an erasure is."""

    receipt_id: str
    state: str
    """waiting: nothing is served any more. erased: tables and bundles are cleared. done: no file names the user."""
    asked_at: datetime
    erased_at: datetime | None
    done_at: datetime | None
    rows: dict[str, int]
    """Removed rows by table."""
    ledger_calls: int
    """Removed calls to language models."""
    tried_again: bool
    """Whether a try failed; it is made again until it succeeds."""
