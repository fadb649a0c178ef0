"""What each kind of error is answered with. Messages that name files of this host stay in its log."""

import logging
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from intentrec.errors import IntentrecError, MissingExtra, NotFoundError
from intentrec.serving.api.parsing import refused
from intentrec.serving.api.problems import Problem, problem_response

logger = logging.getLogger(__name__)

UNAVAILABLE = "This cannot be done now, and nothing was changed. Try again; the log of the server says what is wrong."
UNEXPECTED = "Something went wrong here. The log of the server says what, under the request id of this answer."
_RETRY_SECONDS = "5"


def answer_to(error: Exception, scope: Scope) -> Response | None:
    """The answer to an error that is known; None for one that is a fault of ours."""
    if isinstance(error, HTTPException):
        return problem_response(error)
    if isinstance(error, RequestValidationError):
        return problem_response(refused(error.errors()))
    if isinstance(error, NotFoundError):
        return problem_response(Problem(404, str(error)))
    if isinstance(error, MissingExtra):
        return problem_response(Problem(501, str(error)))
    if isinstance(error, IntentrecError):
        request_id = scope.get("intentrec.request_id", b"").decode()
        logger.error("cannot be done now", exc_info=error, extra={"request_id": request_id})
        return problem_response(Problem(503, UNAVAILABLE, headers={"Retry-After": _RETRY_SECONDS}))
    return None


def unexpected() -> Response:
    """The answer to a fault of ours; it says nothing about it."""
    return problem_response(Problem(500, UNEXPECTED))


def _known(request: Request, error: Exception) -> Response:
    return answer_to(error, request.scope) or unexpected()


HANDLERS: dict[Any, Any] = dict.fromkeys((HTTPException, RequestValidationError, IntentrecError, Exception), _known)
