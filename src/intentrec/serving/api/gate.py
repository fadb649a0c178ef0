"""What every request passes, once: request id, caller, rate, size, and what is written down about it.

One plain ASGI wrapper: stacked middleware classes would cost a stored answer half of its time.
"""

import logging
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from time import monotonic, perf_counter
from typing import cast

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from intentrec.serving.api.bodies import limited
from intentrec.serving.api.cors import Origins
from intentrec.serving.api.failures import unexpected
from intentrec.serving.api.paths import decoded
from intentrec.serving.api.problems import Problem, problem_response
from intentrec.serving.api.rates import Rates
from intentrec.serving.config import ServingConfig
from intentrec.serving.keys import Caller
from intentrec.serving.operations.logs import RequestLog
from intentrec.serving.operations.metrics import Metrics

logger = logging.getLogger(__name__)

UNMETERED = ("/health", "/ready", "/metrics")
"""Paths that no rate limit holds back: what watches a server has to get through when it is busy."""
_TYPED = (b"x-content-type-options", b"nosniff")
_HIDDEN = [_TYPED, (b"cache-control", b"no-store")]
_FILES = "/explorer/static/"
"""Files that are the same for everybody: what a browser may keep they say themselves."""
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}\Z")
_LOCAL_HOST = re.compile(rb"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?\Z", re.IGNORECASE)
_CLIENT_LEFT = 499
_READ_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Door:
    """What the gate asks and tells.

    Attributes:
        caller: Who holds a key, from the token given and whether the request came to this host's own name.
        session: Who signed in on the pages, from their cookies.
        clock: Seconds, monotonic, for rates.
    """

    config: ServingConfig
    caller: Callable[[str | None, bool], Caller | None]
    session: Callable[[str], Caller | None]
    metrics: Metrics
    log: RequestLog
    clock: Callable[[], float] = monotonic


class Gate:
    """The outermost part of the application."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self.app, self.door = app, door
        self.rates = Rates(door.config.rate_per_second, door.config.rate_burst, door.clock)
        self.origins = Origins(door.config.cors_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        started = perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        request_id = _request_id(headers.get(b"x-request-id"))
        scope["intentrec.request_id"] = request_id
        kept = [_TYPED] if scope["path"].startswith(_FILES) else _HIDDEN
        added = [(b"x-request-id", request_id), *kept, *self.origins.answer(headers)]
        status = 0

        async def answering(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*added, *message["headers"]]
            await send(message)

        try:
            await self._pass(scope, headers, receive, answering)
        except ClientDisconnect:
            status = status or _CLIENT_LEFT
        except Exception:
            logger.exception("unexpected error", extra={"request_id": request_id.decode()})
            if not status:
                await unexpected()(scope, receive, answering)
        self._note(scope, request_id, status, perf_counter() - started)

    async def _pass(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path") or b""
        if b"%" in raw:
            scope["path"] = decoded(raw.decode("ascii", "surrogateescape"))
        try:
            self._identify(scope, headers)
            preflight = self.origins.preflight(scope["method"], headers)
            if preflight is not None:
                await preflight(scope, receive, send)
                return
            self._admit(scope, headers)
            if b"content-length" in headers or b"transfer-encoding" in headers:
                config = self.door.config
                length = headers.get(b"content-length")
                receive = limited(receive, length, config.max_body_bytes, config.body_seconds)
        except Problem as problem:
            await problem_response(problem)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _identify(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        caller = self.door.caller(_token(headers.get(b"authorization")), is_local(headers.get(b"host", b"")))
        if caller is None and b"cookie" in headers and scope["path"].startswith("/explorer"):
            caller = self.door.session(headers[b"cookie"].decode("latin-1"))
        scope["intentrec.caller"] = caller

    def _admit(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        if self.origins.foreign(scope["method"], headers):
            raise Problem(403, "A page of another origin may not change anything here (serving.cors_origins).")
        caller = scope["intentrec.caller"]
        if caller is None or scope["path"] in UNMETERED:
            return
        wait = self.rates.take(caller.name)
        if wait:
            seconds = ceil(wait)
            raise Problem(
                429,
                f"The key {caller.name!r} asks more often than serving.rate_per_second. Try again in {seconds} s.",
                headers={"Retry-After": str(seconds)},
            )

    def _note(self, scope: Scope, request_id: bytes, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path_format", "other")
        self.door.metrics.requests(route, status, seconds)
        caller = scope.get("intentrec.caller")
        name = caller.name if caller else ""
        self.door.log.write(request_id.decode(), scope["method"], route, status, seconds, name)


@lru_cache(1024)
def is_local(host: bytes) -> bool:
    """Whether a `Host` names this machine itself. A page that has its own name resolve to 127.0.0.1 does not get in."""
    return _LOCAL_HOST.match(host) is not None


def request_id(request: Request) -> str:
    """The id under which logs and answers name a request."""
    return cast("bytes", request.scope["intentrec.request_id"]).decode()


def _request_id(given: bytes | None) -> bytes:
    if given is not None and _REQUEST_ID.match(given):
        return given
    return secrets.token_hex(8).encode()


def _token(header: bytes | None) -> str | None:
    """The key in `Authorization: Bearer KEY`; None where there is no such header, "" for another scheme."""
    if header is None:
        return None
    scheme, _, token = header.partition(b" ")
    return token.strip().decode("latin-1") if scheme.lower() == b"bearer" else ""
