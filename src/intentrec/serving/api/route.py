"""Routes of the API: declared as FastAPI declares them, so that the specification writes itself, called without it.

FastAPI's solving of dependencies would cost more than a stored answer. A route's function has arguments of four kinds:
`request`, `query` and `body` (pydantic models), and ids of the path. It returns a finished answer.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Coroutine
from functools import lru_cache
from typing import Any, cast, get_args, get_origin, get_type_hints

from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from intentrec.serving.api.parsing import body_values, checked, checked_id, query_values
from intentrec.serving.api.paths import MARK
from intentrec.serving.api.problems import Problem
from intentrec.serving.operations.traces import STATUS, request_span

Endpoint = Callable[..., Awaitable[Response]]
_QUERIES, _SHORT = 1024, 512  # so many query strings of so many bytes at most are read once for all


class Route(APIRoute):
    """Parses with the declared models themselves; dependencies are called with the request alone.

    Attributes:
        refused: Told about each request whose values cannot be used.
    """

    refused: Callable[[Problem], None] | None = None

    def __init__(self, path: str, endpoint: Endpoint, **declared: Any) -> None:
        super().__init__(path, endpoint, **declared)
        self._needs = [cast("Callable[[Request], Any]", needed.dependency) for needed in self.dependencies]
        self._read = _Reader(endpoint)
        self.app = self._answer

    def ids(self, found: re.Match[str]) -> dict[str, str]:
        """The ids of a path that matches."""
        return {name: value.replace(MARK, "/") if MARK in value else value for name, value in found.groupdict().items()}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """How FastAPI calls a route of a router that was included."""
        return self._respond

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        with request_span(request.method, self.path_format, request.headers) as whole:
            for need in self._needs:
                need(request)
            response: Response = await self.endpoint(**await self._values(request))
            whole.set(STATUS, response.status_code)
        return response

    async def _values(self, request: Request) -> dict[str, Any]:
        try:
            return await self._read(request)
        except Problem as problem:
            if self.refused is not None:
                self.refused(problem)
            raise


class _Reader:
    """The arguments of a route's function, from a request."""

    def __init__(self, endpoint: Endpoint) -> None:
        hints = get_type_hints(endpoint, include_extras=True)
        names = [name for name in inspect.signature(endpoint).parameters if name not in ("request", "query", "body")]
        self._ids = [(name, TypeAdapter[str](hints[name])) for name in names]
        self._query = _model(hints.get("query"))
        self._body = _model(hints.get("body"))
        self._wants_request = "request" in hints
        self._repeatable = _repeatable(self._query)
        self._known = lru_cache(_QUERIES)(self._asked)

    async def __call__(self, request: Request) -> dict[str, Any]:
        given = request.scope["path_params"]
        values: dict[str, Any] = {name: checked_id(adapter, given[name], name) for name, adapter in self._ids}
        if self._query is not None:
            raw = request.scope["query_string"]
            values["query"] = self._known(raw) if len(raw) <= _SHORT else self._asked(raw)
        if self._body is not None:
            values["body"] = checked(self._body, await body_values(request), "body")
        if self._wants_request:
            values["request"] = request
        return values

    def _asked(self, raw: bytes) -> BaseModel:
        """What stands behind the `?`; the same model for the same bytes, so it must not be changed."""
        assert self._query is not None
        asked: BaseModel = checked(self._query, query_values(raw, self._repeatable), "query")
        return asked


def _model(hint: Any) -> type[BaseModel] | None:
    return cast("type[BaseModel] | None", get_args(hint)[0] if get_args(hint) else hint)


def _repeatable(model: type[BaseModel] | None) -> frozenset[str]:
    fields = {} if model is None else model.model_fields
    return frozenset(name for name, field in fields.items() if get_origin(field.annotation) in (list, tuple))
