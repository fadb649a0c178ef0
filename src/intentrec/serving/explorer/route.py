"""Routes of pages: what goes wrong is a page too, and who is not known signs in first."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from intentrec.errors import ConfigError, DataError, IntentrecError, MissingExtra, NotFoundError
from intentrec.serving.explorer.access import own_page
from intentrec.serving.explorer.pages import Pages

_STATUS: tuple[tuple[type[IntentrecError], int], ...] = (
    (NotFoundError, 404), (ConfigError, 422), (DataError, 422), (MissingExtra, 501),
)  # fmt: skip
_TITLES = {403: "Not allowed", 404: "Not found", 413: "Too long", 422: "Not understood", 501: "Not installed"}
_PAGES = Pages()


class PageRoute(APIRoute):
    """One page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The page, or a page that says what went wrong."""
        inner = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await inner(request)
            except HTTPException as error:
                return _to_sign_in(request) if error.status_code == 401 else _failed(request, error)
            except RequestValidationError as error:
                return _problem(request, 422, "; ".join(_sentence(fault) for fault in error.errors()) + ".")
            except IntentrecError as error:
                status = next((status for kind, status in _STATUS if isinstance(error, kind)), 503)
                return _problem(request, status, str(error))

        return answer


def page_router(*needed: Callable[[Request], object]) -> APIRouter:
    """A router of pages below /explorer, each of which asks for what is needed."""
    dependencies = [Depends(own_page), *(Depends(need) for need in needed)]
    return APIRouter(prefix="/explorer", route_class=PageRoute, include_in_schema=False, dependencies=dependencies)


def _failed(request: Request, error: HTTPException) -> Response:
    return _problem(request, error.status_code, str(error.detail))


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
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})


def _sentence(fault: dict[str, Any]) -> str:
    name = ".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0])
    return f"{name}: {str(fault['msg']).lower()}"
