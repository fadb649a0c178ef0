"""Kinds of values that requests carry."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter

MAX_ID = 500
MAX_TEXT = 10_000
MAX_NAME = 200
NO_NUL = r"^[^\x00]*$"
# Spelled out, since engines differ in what they call space.
_VISIBLE = r"[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]"
_SOMETHING = rf"^[^\x00]*{_VISIBLE}[^\x00]*$"

Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID, pattern=_SOMETHING)]
"""An id: any Unicode text of 1 to 500 characters with something to see and without NUL."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT, pattern=_SOMETHING)]
"""Words of a person: 1 to 10,000 characters."""
Phrase = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME, pattern=_SOMETHING)]
"""A few words: 1 to 200 characters."""
Note = Annotated[str, StringConstraints(max_length=MAX_TEXT, pattern=NO_NUL)]
"""Words of a person, or none."""
Number = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Price = Annotated[float, Field(ge=0.0, le=1e15, allow_inf_nan=False)]

_FIRST_YEAR, _END_YEAR = 1901, 2199
_MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


def _moment(given: Any) -> datetime:
    if isinstance(given, datetime):
        return given
    if not isinstance(given, str):
        raise ValueError('a time is text such as "2026-03-01T12:30:00Z"')
    moment = _MOMENT.validate_python(given)
    if not _FIRST_YEAR <= moment.year < _END_YEAR:
        raise ValueError(f"a time lies between {_FIRST_YEAR} and {_END_YEAR}")
    return moment


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
"""A time as ISO 8601 text with a zone; numbers are refused, as nobody knows their unit."""


def _whole(given: Any) -> Any:
    """A number as JSON has them: 5.0 is the integer 5."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


Whole = Annotated[int, BeforeValidator(_whole)]


def needs_one_of(*names: str) -> dict[str, Any]:
    """What a schema says of members of which one has to be text."""
    return {"anyOf": [{"required": [name], "properties": {name: {"type": "string"}}} for name in names]}


class Strict(BaseModel):
    """A part of a body: unknown members and members of another type are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class Parameters(BaseModel):
    """What stands behind the `?`: unknown parameters are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
