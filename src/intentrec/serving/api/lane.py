"""The short way to the API's own routes; all others take FastAPI's, with its layers of middleware and telemetry."""

from collections.abc import Iterable

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from intentrec.serving.api.failures import answer_to
from intentrec.serving.api.route import Route


class Lane:
    """Finds a route of the class `Route` by method and path, and answers for what it raises.

    Args:
        routes: In the order in which they are looked at.
        others: Takes what no route matches, with its answers 404 and 405.
    """

    def __init__(self, routes: Iterable[BaseRoute], others: ASGIApp) -> None:
        own = [route for route in routes if isinstance(route, Route)]
        self._routes = [(method, route.path_regex, route) for route in own for method in _methods(route)]
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        wanted, path = scope["method"], scope["path"]
        for method, pattern, route in self._routes:
            if method != wanted:
                continue
            found = pattern.match(path)
            if found is None:
                continue
            scope["route"], scope["path_params"] = route, route.ids(found)
            try:
                await route.app(scope, receive, send)
            except Exception as error:
                response = answer_to(error, scope)
                if response is None:
                    raise
                await response(scope, receive, send)
            return
        await self._others(scope, receive, send)


def _methods(route: APIRoute) -> list[str]:
    return sorted(route.methods or ())
