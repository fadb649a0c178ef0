"""From bytes to checked values; what cannot be one is a 422 that says where."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request

from intentrec.serving.api.problems import Problem

_MOST_ERRORS = 1000
_SHOWN = 80


def query_values(raw: bytes, repeatable: frozenset[str]) -> dict[str, Any]:
    """Parameters by name: lists for those that are repeatable or come twice, text for all others.

    Bytes that are not UTF-8 become surrogates, which no type accepts.
    """
    values: dict[str, Any] = {}
    for part in raw.decode("utf-8", "surrogateescape").split("&") if raw else ():
        if not part:
            continue
        name, _, value = part.partition("=")
        name, value = _plain(name), _plain(value)
        if name in repeatable:
            values.setdefault(name, []).append(value)
        elif name in values:
            values[name] = [values[name], value]
        else:
            values[name] = value
    return values


def _plain(text: str) -> str:
    return unquote_plus(text, errors="surrogateescape") if "%" in text or "+" in text else text


async def body_values(request: Request) -> Any:
    """The JSON of a request's body.

    Raises:
        Problem: 415 where it is not declared as JSON, 422 where it is none: NaN, lone surrogates, and what is nested
            deeper than 1024 levels are not JSON here either.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(415, "Send JSON, and say so: Content-Type: application/json.")
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise Problem(422, f"The body is not JSON: {error}.", errors=[]) from None


def checked(model: type[BaseModel], values: Any, where: str, context: Mapping[str, Any] | None = None) -> Any:
    """A model of the values.

    Raises:
        Problem: 422 with every fault.
    """
    try:
        return model.model_validate(values, context=dict(context or {}))
    except ValidationError as error:
        raise refused(error.errors(include_url=False), where) from None


def checked_id(adapter: TypeAdapter[str], value: str, name: str) -> str:
    """An id of the path.

    Raises:
        Problem: 422.
    """
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise refused(error.errors(include_url=False), "path", name) from None


def refused(faults: Iterable[ErrorDetails | Mapping[str, Any]], *where: str) -> Problem:
    """The answer to values that fail: each fault with its place, what was wrong, and the value."""
    listed = [_fault(fault, where) for fault in faults]
    shown = listed[:_MOST_ERRORS]
    more = "" if len(listed) == len(shown) else f", of which the first {_MOST_ERRORS} are listed"
    return Problem(422, f"{len(listed)} values cannot be used{more}: see errors. Nothing was done.", errors=shown)


def _fault(fault: ErrorDetails | Mapping[str, Any], where: tuple[str, ...]) -> dict[str, Any]:
    place = [part if isinstance(part, int) else _printable(str(part)) for part in (*where, *fault["loc"])]
    return {
        "loc": place,
        "msg": _printable(fault["msg"].removeprefix("Value error, ")),
        "value": _shown(fault.get("input")),
    }


def _shown(value: Any) -> str:
    if isinstance(value, list | dict):
        return f"{type(value).__name__} of {len(value)}"
    text = repr(value)
    return _printable(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
