"""Templates, files and headers of pages: everything comes from this server, nothing inline, nothing evaluated."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from intentrec.serving.api.auth import caller_of
from intentrec.serving.api.problems import Problem
from intentrec.serving.explorer.times import day, moment

_HERE = "intentrec.serving.explorer"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""Beside those that the gate gives to every answer."""
_MEDIA = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
NAVIGATION = (
    ("Home", ""), ("Users", "users"), ("Compare", "compare"), ("Releases", "releases"), ("Labels", "labels"),
    ("Experiments", "experiments"),
)  # fmt: skip


class Pages:
    """Renders the templates of a package, which may extend and import those of the explorer.

    Args:
        package: Has a folder `templates`.
        navigation: (name, path below /explorer) of each place at the top of a page.
    """

    def __init__(self, package: str = _HERE, navigation: Sequence[tuple[str, str]] = NAVIGATION) -> None:
        self.environment = _environment(package)
        self.navigation = navigation

    def render(
        self,
        request: Request,
        template: str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> Response:
        """A page, or a piece of one.

        Args:
            request: What it answers.
            template: File name without `.html.jinja`.
            status: Of HTTP.
            headers: Beside `HEADERS`.
            values: What the template needs.
        """
        base = base_of(request)
        found = self.environment.get_template(f"{template}.html.jinja")
        text = found.render(
            link=Links(base),
            asset=Assets(base),
            here=request.url.path.removeprefix(base).strip("/"),
            navigation=self.navigation,
            caller=caller_of(request),
            **values,
        )
        return HTMLResponse(text, status, {**HEADERS, **(headers or {})})

    def link(self, request: Request, path: str = "", **query: Any) -> str:
        """The address of a page, as `Links` makes it."""
        return Links(base_of(request))(path, **query)


def base_of(request: Request) -> str:
    """Where the explorer begins, also behind a proxy that serves it from a folder of its own."""
    return f"{request.scope.get('root_path', '')}/explorer"


class Links:
    """Addresses of pages: `link("user", id="a/b")`. Ids stand in queries, where every text is possible."""

    def __init__(self, base: str) -> None:
        self.base = base

    def __call__(self, path: str = "", **query: Any) -> str:
        """The address; what is None is left out."""
        given = {name: value for name, value in query.items() if value is not None}
        return f"{self.base}/{path}".rstrip("/") + (f"?{urlencode(given)}" if given else "")


class Assets(Links):
    """Addresses of files, which change with their content."""

    def __call__(self, path: str = "", **query: Any) -> str:
        """The address of a file in `static`."""
        return super().__call__(f"static/{path}", v=_asset(path)[1])


def asset_response(name: str) -> Response:
    """One of our files.

    Raises:
        Problem: 404 for any other.
    """
    if name not in _names():
        raise Problem(404, f"There is no file {name!r}.")
    content, digest = _asset(name)
    kept = "public, max-age=31536000, immutable"
    media = _MEDIA[name.rpartition(".")[2]]
    return Response(content, media_type=media, headers={**HEADERS, "Cache-Control": kept, "ETag": f'"{digest}"'})


@cache
def _names() -> frozenset[str]:
    found = (entry.name for entry in (files(_HERE) / "static").iterdir())
    return frozenset(name for name in found if name.rpartition(".")[2] in _MEDIA)


@cache
def _asset(name: str) -> tuple[bytes, str]:
    """Content and its digest."""
    content = (files(_HERE) / "static" / name).read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:16]


@cache
def _environment(package: str) -> jinja2.Environment:
    names = dict.fromkeys([package, _HERE])
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(name) for name in names]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"day": day, "moment": moment, "count": _count}
    return environment


def _count(value: int | float) -> str:
    return f"{value:,}"
