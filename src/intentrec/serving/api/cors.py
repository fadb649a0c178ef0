"""Which web pages of other origins may call the API: none, unless the settings name them."""

from collections.abc import Mapping, Sequence

from starlette.responses import Response

Headers = list[tuple[bytes, bytes]]
_METHODS = "GET, POST, PUT, DELETE"
_HEADERS = "Authorization, Content-Type, X-Request-ID"
_REMEMBER_SECONDS = "600"


class Origins:
    """The origins that are allowed, as the settings name them."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed = frozenset(origin.rstrip("/").encode("latin-1", "replace") for origin in allowed)

    def __contains__(self, origin: bytes) -> bool:
        return origin in self._allowed

    def preflight(self, method: str, headers: Mapping[bytes, bytes]) -> Response | None:
        """What a browser is told before it sends a request from an allowed origin; None for all other requests."""
        asks = method == "OPTIONS" and b"access-control-request-method" in headers
        if not asks or headers.get(b"origin", b"") not in self:
            return None
        allowed = {"Access-Control-Allow-Methods": _METHODS, "Access-Control-Allow-Headers": _HEADERS}
        return Response(status_code=204, headers=allowed | {"Access-Control-Max-Age": _REMEMBER_SECONDS})

    def answer(self, headers: Mapping[bytes, bytes]) -> Headers:
        """Headers of the answer to a request; none where no origin is allowed at all."""
        if not self._allowed:
            return []
        origin = headers.get(b"origin", b"")
        if origin not in self:
            return [(b"vary", b"Origin")]
        return [
            (b"vary", b"Origin"),
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", b"X-Request-ID, Retry-After"),
        ]

    def foreign(self, method: str, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a browser sends a request that changes something for a page of an origin that is not allowed."""
        if method in ("GET", "HEAD", "OPTIONS"):
            return False
        site = headers.get(b"sec-fetch-site", b"none")
        return site not in (b"none", b"same-origin") and headers.get(b"origin", b"") not in self
