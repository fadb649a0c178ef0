"""Errors as answers: application/problem+json (RFC 9457), whatever went wrong."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

PROBLEM_TYPE = "application/problem+json"


class Problem(HTTPException):
    """An answer that is not what was asked for; may be raised anywhere within a request.

    Args:
        status: HTTP status, 400 to 599.
        detail: What was wrong, and what to do.
        more: Further members of the answer, e.g. `errors`.
    """

    def __init__(self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.more = more


def problem_response(error: HTTPException) -> Response:
    """The error as an answer."""
    detail = title(error.status_code) if error.detail is None else str(error.detail)
    more = error.more if isinstance(error, Problem) else {}
    body = {"type": "about:blank", "title": title(error.status_code), "status": error.status_code, "detail": detail}
    return Response(orjson.dumps(body | more), error.status_code, error.headers, PROBLEM_TYPE)


# Names that Python changed with 3.13.
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}


def title(status: int) -> str:
    """The status in words."""
    if status in _TITLES:
        return _TITLES[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
