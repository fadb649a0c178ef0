"""One client's connection: kept open, opened again after a failure."""

import http.client
from dataclasses import dataclass
from typing import Any, Self

import orjson

TIMEOUT_S = 30.0
_BROKEN = (OSError, http.client.HTTPException)


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes:
        status: 0 where no answer came.
        body: None where it is no JSON.
    """

    status: int
    body: Any = None


class Connection:
    """Asks one server, one request at a time. Not for several threads."""

    def __init__(self, port: int, key: str) -> None:
        self._port, self._headers = port, {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._open: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, method: str, path: str, body: object = None) -> Reply:
        """One request, tried once."""
        if self._open is None:
            self._open = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        try:
            self._open.request(method, path, None if body is None else orjson.dumps(body), self._headers)
            response = self._open.getresponse()
            content = response.read()
        except _BROKEN:
            self.close()
            return Reply(0)
        try:
            return Reply(response.status, orjson.loads(content))
        except ValueError:
            return Reply(response.status)

    def close(self) -> None:
        """Hang up."""
        if self._open is not None:
            self._open.close()
        self._open = None
