"""Who may call what. The gate finds the caller once a request; routes ask what the caller may do."""

from collections.abc import Callable
from typing import cast

from fastapi import Request

from intentrec.serving.api.problems import Problem
from intentrec.serving.keys import Caller, Scope

NOBODY = (
    "Give a key: Authorization: Bearer KEY. `intentrec keys add NAME` makes one. While there are none, requests are "
    "answered only to a server that listens on this machine's own address and was asked by its own name, as localhost."
)


def caller_of(request: Request) -> Caller | None:
    """Who asks, as the gate found it: by key, or on /explorer also by the cookie of a session; None for nobody."""
    return cast("Caller | None", request.scope.get("intentrec.caller"))


def needs(scope: Scope) -> Callable[[Request], Caller]:
    """A dependency, as in `APIRouter(dependencies=[Depends(needs("admin"))])`.

    It raises `Problem` 401 without a valid key and 403 where the key lacks the scope.
    """

    def allowed(request: Request) -> Caller:
        return permitted(caller_of(request), scope)

    return allowed


def permitted(caller: Caller | None, scope: Scope) -> Caller:
    """The caller, where it has the scope.

    Raises:
        Problem: 401 without a valid key, 403 where the key lacks the scope.
    """
    if caller is None:
        raise Problem(401, NOBODY, headers={"WWW-Authenticate": "Bearer"})
    if not caller.may(scope):
        raise Problem(403, f"The key {caller.name!r} lacks the scope {scope!r}.")
    return caller
