"""Kinds of values that requests carry."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter

MAX_ID = 500
MAX_TEXT = 10_000
_NO_NUL = r"^[^\x00]*$"

Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID, pattern=_NO_NUL)]
"""An id: any Unicode text of 1 to 500 characters without NUL."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT, pattern=_NO_NUL)]
"""Words of a person: 1 to 10,000 characters."""
Number = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Price = Annotated[float, Field(ge=0.0, le=1e15, allow_inf_nan=False)]

_MOMENT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


def _moment(given: Any) -> datetime:
    if isinstance(given, datetime):
        return given
    if not isinstance(given, str):
        raise ValueError('a time is text such as "2026-03-01T12:30:00Z"')
    return _MOMENT.validate_python(given)


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
"""A time as ISO 8601 text with a zone; numbers are refused, as nobody knows their unit."""


class Strict(BaseModel):
    """A part of a body: unknown members and members of another type are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class Parameters(BaseModel):
    """What stands behind the `?`: unknown parameters are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
