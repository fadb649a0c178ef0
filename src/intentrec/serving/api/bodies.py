"""Bodies of requests as they come in: no longer, and no slower, than a server can bear."""

import asyncio

from starlette.types import Message, Receive

from intentrec.serving.api.problems import Problem


def limited(receive: Receive, declared: bytes | None, max_bytes: int, seconds: float) -> Receive:
    """The same body, which is refused as soon as it is too long or too slow.

    Args:
        declared: `Content-Length`, where there is one.
        max_bytes: Longest body.
        seconds: From now until its last byte.

    Raises:
        Problem: 413 at once for a declared length that is too long. The body itself raises 413 or 408 while it is read.
    """
    if declared is not None and int(declared) > max_bytes:
        raise _too_long(max_bytes)
    deadline = asyncio.get_running_loop().time() + seconds
    so_far, ended = 0, False

    async def receiving() -> Message:
        nonlocal so_far, ended
        if ended:
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise Problem(408, f"The body did not arrive within {seconds:g} seconds.") from None
        so_far, ended = so_far + len(message.get("body", b"")), not message.get("more_body", False)
        if so_far > max_bytes:
            raise _too_long(max_bytes)
        return message

    return receiving


def _too_long(max_bytes: int) -> Problem:
    return Problem(413, f"The body is longer than {max_bytes} bytes (serving.max_body_bytes). Send smaller batches.")
