"""Structured logs: one JSON object a line. They hold no user ids, queries or keys, so an erasure has nothing to scrub.

What keeps them out: a request is named by its route template, a key by its name; an error by its kind and the places in
the code, without its message; of a record that another library wrote, only the text it wrote into its code.
"""

import json
import logging
import logging.config
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from traceback import extract_tb
from typing import Any, Literal

import orjson

Which = Literal["all", "failed", "none"]
FIELDS = ("request_id", "method", "route", "status", "ms", "key", "release", "duty")
"""What a record may carry as `extra`; anything else is left out."""
OURS = ("intentrec", "_granian")
PLACES = 12

logger = logging.getLogger(__name__)


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON, times in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """See the module."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            "pid": record.process,
        }
        line.update((name, record.__dict__[name]) for name in FIELDS if name in record.__dict__)
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = [_kind(error) for error in _chain(record.exc_info[1])]
            line["at"] = _places(record.exc_info[1])
        try:
            return orjson.dumps(line, default=str).decode()
        except TypeError:  # half of a surrogate pair, or a number that is too large
            return json.dumps(line, default=str)


def settings(level: str = "info") -> dict[str, Any]:
    """What `logging.config.dictConfig` and granian's `log_dictconfig` take: everything to stderr, as JSON."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": f"{__name__}.{JsonFormatter.__name__}"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {"_granian": {"level": level.upper()}},
    }


def begin(level: str = "info") -> None:
    """Write the logs of this process as JSON from now on. Called where a server or keeper starts."""
    logging.config.dictConfig(settings(level))


class RequestLog:
    """Writes a line for requests: all of them, those that failed by our fault (status 500 and above), or none."""

    def __init__(self, which: Which = "failed") -> None:
        self.from_status = {"all": 0, "failed": 500, "none": 1000}[which]

    def write(self, request_id: str, method: str, route: str, status: int, seconds: float, key: str = "") -> None:
        """One request was answered.

        Args:
            route: The template, never the path.
            key: The key's name, never the key.
        """
        if status < self.from_status:
            return
        fields = {
            "request_id": request_id, "method": method, "route": route, "status": status,
            "ms": round(seconds * 1000, 3), "key": key,
        }  # fmt: skip
        logger.log(logging.ERROR if status >= 500 else logging.INFO, "request", extra=fields)


def _message(record: logging.LogRecord) -> str:
    if record.name.split(".")[0] in OURS:
        return record.getMessage()
    return str(record.msg).split("\n", 1)[0]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _kind(error: BaseException) -> str:
    kind = type(error).__name__
    if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorname", None):
        return f"{kind} {error.sqlite_errorname}"
    if isinstance(error, OSError) and error.errno:
        return f"{kind} {os.strerror(error.errno)}"
    return kind


def _places(error: BaseException) -> list[str]:
    """Where in the code it happened, the innermost last."""
    frames = extract_tb(error.__traceback__)[-PLACES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
