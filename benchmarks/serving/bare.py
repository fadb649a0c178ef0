"""What stands beside our server: Starlette and orjson under granian, nothing else, answering with lists like ours.

    python -m benchmarks.serving.bare PAYLOADS PORT

PAYLOADS holds answers, one a line; each request is answered with `orjson.dumps` of one of them. Granian is set up as
`intentrec serve` sets it up, with one worker.
"""

import multiprocessing
import socket
import sys
from functools import partial
from itertools import cycle
from pathlib import Path

import orjson
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from intentrec.serving.server import HEAD_BYTES, HEADER_MILLISECONDS


def create_app(payloads: Path) -> Starlette:
    """The application."""
    turns = cycle([orjson.loads(line) for line in payloads.read_bytes().splitlines()])

    async def recommendations(request: Request) -> Response:
        return Response(orjson.dumps(next(turns)), media_type="application/json")

    async def health(request: Request) -> Response:
        return Response(b"{}")

    return Starlette(
        routes=[Route("/v1/users/{user_id}/recommendations", recommendations), Route("/health", health)]
    )  # fmt: skip


def main() -> None:
    multiprocessing.set_start_method("spawn", force=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", int(sys.argv[2])))
        port = int(probe.getsockname()[1])
    print(f"http://127.0.0.1:{port}", flush=True)
    server = Granian(
        "bare",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        workers=1,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS, max_buffer_size=HEAD_BYTES),
        websockets=False,
    )
    server.serve(target_loader=partial(create_app, Path(sys.argv[1])), wrap_loader=False)


if __name__ == "__main__":
    main()
