"""What a route says about itself in the specification: who may call it, what it answers, what can go wrong."""

from typing import Any

from fastapi import Depends
from pydantic import BaseModel

from intentrec.serving.api.answers import Refusal, Trouble
from intentrec.serving.api.auth import needs
from intentrec.serving.api.problems import PROBLEM_TYPE, title
from intentrec.serving.keys import Scope

_ALWAYS = (401, 403, 422, 429, 503)
_WITH_BODY = (408, 413, 415)


def declared(
    scope: Scope, answer: type[BaseModel], *further: int, status: int = 200, body: bool = False, said: str = "Done."
) -> dict[str, Any]:
    """Arguments of a route's decorator.

    Args:
        scope: What a key needs.
        further: Statuses beyond those that every route may answer.
        body: Whether the request has a body.
        said: What the answer means.
    """
    statuses = sorted({*_ALWAYS, *further, *(_WITH_BODY if body else ())})
    return {
        "dependencies": [Depends(needs(scope))],
        "response_model": answer,
        "status_code": status,
        "response_description": said,
        "responses": problems(*statuses),
        "openapi_extra": {"security": [{"key": [scope]}]},
    }


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route says about answers that are not what was asked for."""
    return {status: _problem(status) for status in statuses}


def _problem(status: int) -> dict[str, Any]:
    name = (Refusal if status == 422 else Trouble).__name__
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"description": title(status), "content": {PROBLEM_TYPE: {"schema": schema}}}
