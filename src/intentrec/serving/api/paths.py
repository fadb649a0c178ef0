"""Ids in paths may hold slashes: `/v1/users/a%2Fb/recommendations` is about the user `a/b`.

The gate decodes the path and leaves a mark in place of each encoded slash; the convertor `id` turns marks into
slashes. Routes write `{user_id:id}`. The mark is a lone surrogate, which no valid id contains.
"""

from urllib.parse import unquote

from starlette.convertors import Convertor, register_url_convertor

MARK = "\udc2f"


class IdConvertor(Convertor[str]):
    """One segment of a path, with its encoded slashes."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        """The id."""
        return value.replace(MARK, "/") if MARK in value else value

    def to_string(self, value: str) -> str:
        """The segment that stands for an id."""
        return value.replace("/", "%2F")


def decoded(raw: str) -> str:
    """A path as sent, percent-decoded but for slashes within a segment; bytes that are not UTF-8 become surrogates."""
    if "%" not in raw:
        return raw
    return unquote(raw.replace("%2F", MARK).replace("%2f", MARK), errors="surrogateescape")


register_url_convertor("id", IdConvertor())
