"""Routes of pages: what goes wrong is a page too, and who is not known signs in first."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response

from intentrec.errors import ConfigError, DataError, IntentrecError, MissingExtra, NotFoundError
from intentrec.serving.api.failures import UNAVAILABLE, UNEXPECTED
from intentrec.serving.explorer.access import own_page
from intentrec.serving.explorer.pages import Pages

logger = logging.getLogger(__name__)

_TOLD: dict[type[Exception], int] = {NotFoundError: 404, ConfigError: 422, DataError: 422, MissingExtra: 501}
"""Errors whose words are shown; those of others name files of this host and stay in its log."""
_TITLES = {403: "Not allowed", 404: "Not found", 422: "Not understood", 500: "Something went wrong"}
_UNKNOWN_CALLER = 401
_PAGES = Pages()


class PageRoute(APIRoute):
    """One page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The page, or a page that says what went wrong."""
        inner = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await inner(request)
            except ClientDisconnect:
                raise
            except Exception as error:
                return _failed(request, error)

        return answer


def page_router(*needed: Callable[[Request], object]) -> APIRouter:
    """A router of pages below /explorer, each of which asks for what is needed."""
    dependencies = [Depends(own_page), *(Depends(need) for need in needed)]
    return APIRouter(prefix="/explorer", route_class=PageRoute, include_in_schema=False, dependencies=dependencies)


def _failed(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        code = error.status_code
        return _to_sign_in(request) if code == _UNKNOWN_CALLER else _problem(request, code, str(error.detail))
    if isinstance(error, RequestValidationError):
        return _problem(request, 422, "; ".join(_sentence(fault) for fault in error.errors()) + ".")
    if type(error) in _TOLD:
        return _problem(request, _TOLD[type(error)], str(error))
    request_id = request.scope.get("intentrec.request_id", b"").decode()
    logger.error("a page failed", exc_info=error, extra={"request_id": request_id})
    if isinstance(error, IntentrecError):
        return _problem(request, 503, UNAVAILABLE)
    return _problem(request, 500, UNEXPECTED)


def _problem(request: Request, status: int, detail: str) -> Response:
    """A whole page; a sentence for a page that is there already."""
    title = _TITLES.get(status, "Not available")
    if request.headers.get("hx-request"):
        placed = {"HX-Retarget": "#problem", "HX-Reswap": "innerHTML"}
        return _PAGES.render(request, "_problem", status, placed, title=title, detail=detail)
    return _PAGES.render(request, "problem", status, title=title, detail=detail)


def _to_sign_in(request: Request) -> Response:
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": _PAGES.link(request, "sign-in")})
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    address = _PAGES.link(request, "sign-in", then=wanted if request.method == "GET" else None)
    return RedirectResponse(address, 303)


def _sentence(fault: dict[str, Any]) -> str:
    name = ".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0])
    return f"{name}: {str(fault['msg']).lower()}"
