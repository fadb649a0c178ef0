"""Routes for what watches a server: is it up, can it answer, what does it count."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from intentrec.errors import IntentrecError
from intentrec.serving.api.answers import Readiness, State, said
from intentrec.serving.api.auth import caller_of, permitted
from intentrec.serving.api.declared import problems
from intentrec.serving.api.desk import Desk
from intentrec.serving.api.problems import Problem


def add(api: APIRouter, desk: Desk) -> None:
    """Add the routes. Whether a server lives and is ready needs no key."""

    @api.get("/health", response_model=State, responses=problems(500))
    async def health() -> Response:
        """The process is up."""
        return said({"status": "up"})

    @api.get("/ready", response_model=Readiness, responses=problems(503))
    async def ready() -> Response:
        """The process can answer: a release is open and the live store answers."""
        try:
            meta = await desk.aside(desk.holder.check)
        except IntentrecError as error:
            raise Problem(503, f"Not ready: {type(error).__name__}. The log of the server says more.") from error
        return said({"status": "ready", "release": meta.release, "as_of": meta.as_of})

    @api.get(
        "/metrics",
        response_class=Response,
        responses=problems(401, 403) | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
        openapi_extra={"security": [{"key": ["admin"]}]},
    )
    async def metrics(request: Request) -> Response:
        """Counts of all processes of this server, for Prometheus."""
        permitted(caller_of(request), "admin")
        body, kind = await desk.aside(desk.metrics.exposition)
        return Response(body, media_type=kind)
