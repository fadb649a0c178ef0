"""Where a change may come from, and where a browser may be sent."""

from typing import Any

import pytest
from starlette.requests import Request

from intentrec.serving.api import Problem
from intentrec.serving.explorer.access import own_page, within


def request(method: str = "POST", **headers: str) -> Request:
    given = {"host": "shop.example:8080"} | {name.replace("_", "-"): value for name, value in headers.items()}
    raw = [(name.encode(), value.encode()) for name, value in given.items()]
    return Request({"type": "http", "method": method, "headers": raw, "path": "/explorer", "query_string": b""})


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://shop.example:8080"},
        {"sec_fetch_site": "same-origin"},
        {"origin": "https://shop.example:8080", "sec_fetch_site": "same-origin"},
    ],
)
def test_a_page_of_ours_may_change_something(headers: Any) -> None:
    own_page(request(**headers))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "http://shop.example"},
        {"origin": "http://evil.example:8080"},
        {"origin": "http://shop.example:8080.evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"origin": "http://shop.example:8080", "sec_fetch_site": "cross-site"},
        {"origin": "http://evil.example", "sec_fetch_site": "same-origin"},
    ],
)
def test_any_other_may_only_look(headers: Any) -> None:
    own_page(request("GET", **headers))
    with pytest.raises(Problem, match="nothing was changed"):
        own_page(request(**headers))


@pytest.mark.parametrize("address", ["/explorer", "/explorer/user?id=a%2F..", "/explorer?x=1"])
def test_a_browser_is_sent_on_to_pages_of_ours(address: str) -> None:
    assert within(address, "/explorer") == address


@pytest.mark.parametrize(
    "address",
    ["", "//evil.example", "https://evil.example/explorer", "/explorers", "/v1", "javascript:alert(1)", "/explorer/\n"],
)
def test_and_to_no_others(address: str) -> None:
    assert within(address, "/explorer") == "/explorer"
