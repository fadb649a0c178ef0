"""Signing in with a key, and out again."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from intentrec.serving.explorer.access import within
from intentrec.serving.explorer.explorer import Explorer
from intentrec.serving.explorer.pages import base_of
from intentrec.serving.explorer.route import page_router
from intentrec.serving.explorer.sessions import COOKIE, LIFETIME


def sign_routes(explorer: Explorer) -> APIRouter:
    """The pages; they ask for no key."""
    router = page_router()

    @router.get("/sign-in")
    def ask(request: Request, then: Annotated[str, Query(max_length=4000)] = "") -> Response:
        return explorer.page(request, "sign_in", then=then, failed=False)

    @router.post("/sign-in")
    def sign_in(
        request: Request,
        key: Annotated[str, Form(max_length=500)],
        then: Annotated[str, Form(max_length=4000)] = "",
    ) -> Response:
        session = explorer.sessions.open(key.strip(), explorer.now())
        if session is None:
            return explorer.pages.render(request, "sign_in", 403, then=then, failed=True)
        base = base_of(request)
        response = RedirectResponse(within(then, base), 303)
        response.set_cookie(
            COOKIE, session, max_age=int(LIFETIME.total_seconds()), path=base, httponly=True, samesite="strict",
            secure=request.url.scheme == "https",
        )  # fmt: skip
        return response

    @router.post("/sign-out")
    def sign_out(request: Request) -> Response:
        base = base_of(request)
        response = RedirectResponse(f"{base}/sign-in", 303)
        response.delete_cookie(COOKIE, path=base, httponly=True, samesite="strict")
        return response

    return router
