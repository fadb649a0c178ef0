"""What stands beside our server: Starlette and orjson, nothing else, answering with lists like ours.

`BARE_PAYLOADS` names a file of answers, one a line; each request is answered with `orjson.dumps` of one of them.
"""

import os
from itertools import cycle
from pathlib import Path

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PAYLOADS = "BARE_PAYLOADS"


def create_app() -> Starlette:
    """The application, as granian's factory."""
    lists = [orjson.loads(line) for line in Path(os.environ[PAYLOADS]).read_bytes().splitlines()]
    turns = cycle(lists)

    async def recommendations(request: Request) -> Response:
        return Response(orjson.dumps(next(turns)), media_type="application/json")

    return Starlette(routes=[Route("/v1/users/{user_id}/recommendations", recommendations)])
