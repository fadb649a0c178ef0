"""Logs are JSON, and hold nothing that an erasure would have to take out of them."""

import errno
import io
import json
import logging
import sqlite3
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.errors import NotFoundError, WorkspaceError
from intentrec.serving.operations.logs import JsonFormatter, RequestLog, settings

USER = "anna.karenina@example.org"


@pytest.fixture
def lines():
    """Reads what was written since: a list of objects."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(before)


def test_a_request_is_one_object_with_its_route_and_the_name_of_its_key(lines):
    RequestLog("all").write("q1", "GET", "/v1/users/{user_id}/recommendations", 200, 0.0123456, "shop")
    (line,) = lines()
    time = line.pop("time")
    assert time.endswith("+00:00")
    assert line.pop("pid") > 0
    assert line == {
        "level": "info", "logger": "intentrec.serving.operations.logs", "message": "request", "request_id": "q1",
        "method": "GET", "route": "/v1/users/{user_id}/recommendations", "status": 200, "ms": 12.346, "key": "shop",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("which", "written"), [("all", [200, 404, 500, 503]), ("failed", [500, 503]), ("none", [])]
)  # fmt: skip
def test_the_setting_says_which_requests_are_written(lines, which, written):
    log = RequestLog(which)
    for status in (200, 404, 500, 503):
        log.write("q", "GET", "/v1/items", status, 0.001)
    assert [line["status"] for line in lines()] == written
    assert {line["level"] for line in lines() if line["status"] >= 500} <= {"error"}


def test_an_error_is_named_by_kind_cause_and_place_without_its_words(lines):
    def lost(user):
        raise NotFoundError(f"There is no user {user!r}.")

    try:
        try:
            lost(USER)
        except NotFoundError as error:
            raise WorkspaceError(f"nothing of {USER}") from error
    except WorkspaceError:
        logging.getLogger("intentrec.serving").exception("The keeper failed", extra={"duty": "drain", "user_id": USER})
    (line,) = lines()
    assert line["error"] == ["WorkspaceError", "NotFoundError"]
    assert line["duty"] == "drain"
    assert line["at"][-1].endswith("test_an_error_is_named_by_kind_cause_and_place_without_its_words")
    assert USER not in json.dumps(line)


def test_what_the_system_says_is_kept(lines):
    def noted(error):
        try:
            raise error
        except type(error):
            logging.getLogger("intentrec.serving").exception("x")

    noted(OSError(errno.ENOSPC, "full", f"/tmp/{USER}"))
    noted(OSError("no number"))
    with pytest.raises(sqlite3.Error) as caught:
        sqlite3.connect(":memory:").execute("select * from nothing")
    noted(caught.value)
    assert [line["error"] for line in lines()] == [
        ["OSError No space left on device"], ["OSError"], ["OperationalError SQLITE_ERROR"]
    ]  # fmt: skip


def test_of_other_libraries_only_their_own_words_are_written(lines):
    logging.getLogger("redis.client").warning("cannot send %s", USER)
    logging.getLogger("asyncio").error(f"Task exception was never retrieved\nfuture: {USER}")
    assert [line["message"] for line in lines()] == ["cannot send %s", "Task exception was never retrieved"]


ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT, ANY_TEXT, st.integers())
def test_any_text_is_one_line_of_json(message, route, status):
    record = logging.LogRecord("intentrec", logging.INFO, "x.py", 1, message.replace("%", "%%"), (), None)
    record.route, record.status = route, status
    text = JsonFormatter().format(record)
    assert "\n" not in text
    line = json.loads(text)
    assert (line["route"], line["status"]) == (route, status)


BEGUN = """
import logging, sys
before = logging.getLogger().handlers[:]
from intentrec.serving.operations import logs
assert logging.getLogger().handlers == before
logs.begin()
logging.getLogger("_granian").info("Starting %s", "granian")
logging.getLogger("intentrec.x").debug("unseen")
"""


def test_nothing_is_configured_before_a_server_starts():
    done = subprocess.run([sys.executable, "-c", BEGUN], capture_output=True, text=True, check=True)
    (line,) = done.stderr.splitlines()
    assert json.loads(line)["message"] == "Starting granian"


def test_granian_takes_the_settings():
    import copy

    from granian.log import LOGGING_CONFIG

    assert set(copy.deepcopy(LOGGING_CONFIG)) - {"root"} <= set(settings())
    assert "_granian" in settings()["loggers"]
