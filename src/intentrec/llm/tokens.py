"""A rough count of tokens, for limits and estimates made before anything is sent."""

import math

from intentrec.llm.messages import Request

_BYTES_A_TOKEN = 4  # English runs near 4 bytes a token; Cyrillic, 2 bytes a letter, near 2 letters
_TOKENS_A_MESSAGE = 4  # what chat templates add


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has."""
    return math.ceil(len(text.encode("utf-8", "replace")) / _BYTES_A_TOKEN)


def estimate_prompt(request: Request) -> int:
    """About how many tokens a request's messages have."""
    return sum(estimate_tokens(message.content) + _TOKENS_A_MESSAGE for message in request.messages)
