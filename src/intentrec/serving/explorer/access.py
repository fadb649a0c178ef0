"""Who may look and who may change, and that a change comes from a page of ours."""

from urllib.parse import urlsplit

from fastapi import Request

from intentrec.serving.api.problems import Problem

_SAFE = frozenset({"GET", "HEAD"})


def own_page(request: Request) -> None:
    """A dependency of what changes something: browsers say where a request comes from, and it must be here.

    It raises `Problem` 403 for a request of another site, and for one that says nothing: the pages are for browsers,
    programs have the API.
    """
    if request.method in _SAFE:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    silent = site is None and origin is None
    elsewhere = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if silent or elsewhere or site not in (None, "same-origin"):
        raise Problem(403, "This was not sent by a page of this server, so nothing was changed. Programs use /v1.")


def within(address: str, base: str) -> str:
    """An address below `base` to go on to, from what a request says; `base` itself for anything else."""
    parts = urlsplit(address)
    ours = address == base or address.startswith((f"{base}/", f"{base}?"))
    return address if ours and not parts.scheme and not parts.netloc and address.isprintable() else base
