"""The ASGI application of one worker."""

from asyncio import create_task
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from time import monotonic
from typing import cast

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from intentrec import __version__
from intentrec.serving import experiments, explorer
from intentrec.serving.api import lists, people, probes, writes
from intentrec.serving.api.arms import Arms
from intentrec.serving.api.desk import Desk, utc_now
from intentrec.serving.api.failures import HANDLERS
from intentrec.serving.api.following import follow
from intentrec.serving.api.gate import Door, Gate
from intentrec.serving.api.lane import Lane
from intentrec.serving.api.route import Route
from intentrec.serving.api.spec import ABOUT, TAGS, specification
from intentrec.serving.explorer.sessions import Sessions
from intentrec.serving.holder import Holder
from intentrec.serving.keys import Caller
from intentrec.serving.operations import traces
from intentrec.serving.operations.logs import RequestLog
from intentrec.serving.operations.metrics import metrics

PARTS = {"lists": lists, "people": people, "writes": writes, "probes": probes}


class Api(FastAPI):
    """FastAPI behind a gate, with a specification that is finished here."""

    gate: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """HTTP goes through the gate, then the short way or FastAPI's; the lifespan takes FastAPI's."""
        await (self.gate if scope["type"] == "http" else super().__call__)(scope, receive, send)

    def close_gate(self, door: Door) -> None:
        """Put the gate before the routes that there are now."""
        self.gate = Gate(Lane(self.router.routes, super().__call__), door)

    def openapi(self) -> dict[str, object]:
        """The specification."""
        if self.openapi_schema is None:
            self.openapi_schema = specification(super().openapi())
        return self.openapi_schema


def create_app(
    holder: Holder,
    *,
    now: Callable[[], datetime] = utc_now,
    clock: Callable[[], float] = monotonic,
    orphaned: Callable[[], None] = lambda: None,
) -> FastAPI:
    """The API at /v1, /health, /ready and /metrics, with the pages of the explorer and the experiments.

    Args:
        now: The time, by which events lie in the future.
        clock: Seconds, monotonic, for rates.
        orphaned: Called now and then, to see whether the process should still be there.
    """
    config = holder.config.serving
    threads = ThreadPoolExecutor(config.threads, "intentrec")
    desk = Desk(holder, threads, metrics(), Arms.of(holder), now)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        desk.arms.log.start()
        following = create_task(follow(desk, orphaned))
        yield
        following.cancel()
        threads.shutdown()
        desk.arms.log.close()
        holder.close()
        traces.end()

    app = Api(
        title="intentrec",
        version=__version__,
        description=ABOUT,
        openapi_tags=TAGS,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
        exception_handlers=HANDLERS,
        redirect_slashes=False,
        docs_url=None,  # they would load scripts from elsewhere
        redoc_url=None,
    )
    app.state.holder = holder
    app.router.route_class = Route
    _route(app, desk, now)
    sessions = Sessions.of(holder)

    def session(cookies: str) -> Caller | None:
        return sessions.in_cookies(cookies, now())

    app.close_gate(Door(config, holder.caller, session, desk.metrics, RequestLog(config.log_requests), clock))
    return app


def _route(app: Api, desk: Desk, now: Callable[[], datetime]) -> None:
    """Add the routes of the API, under the tags of their parts, and the pages."""
    for name, part in PARTS.items():
        before = len(app.router.routes)
        part.add(app.router, desk)
        for route in app.router.routes[before:]:
            cast("Route", route).tags.append(name)
    app.include_router(explorer.routes(desk.holder, now))
    app.include_router(experiments.routes(desk.holder, now))
