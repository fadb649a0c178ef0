"""Where there are keys, pages ask for one, and each does what its scopes let it."""

from datetime import timedelta

import pytest

from explorer_shop import HOME, LATER, Answered, Site
from intentrec.serving.explorer.sessions import COOKIE


def signed_in(site: Site, *scopes: str) -> tuple[str, Answered]:
    """A key, and the answer to signing in with it."""
    token = site.holder.keys.add("ann", scopes, LATER)  # type: ignore[arg-type]
    return token, site.post("/sign-in", key=f" {token} ", then="/explorer/users")


def test_without_keys_this_machine_sees_everything_and_others_nothing(still: Site) -> None:
    assert still.get("").status == 200
    assert still.get("", {"Host": "rebound.example"}).status == 303


def test_a_page_sends_to_the_sign_in_page_and_back(site: Site) -> None:
    site.holder.keys.add("ann", ["read"], LATER)
    asked = site.get("/user", id="a b", k=3)
    assert (asked.status, asked.headers["location"]) == (
        303, "/explorer/sign-in?then=%2Fexplorer%2Fuser%3Fid%3Da%2Bb%26k%3D3",
    )  # fmt: skip
    page = site.get(asked.headers["location"].removeprefix("/explorer"))
    (then,) = page.found(r'name="then" value="([^"]*)"')
    assert then == "/explorer/user?id=a+b&k=3"
    piece = site.part("/user/list", id="a")
    assert (piece.status, piece.headers["hx-redirect"]) == (401, "/explorer/sign-in")


def test_a_key_opens_a_session_and_is_not_in_the_cookie(site: Site) -> None:
    token, answer = signed_in(site, "read")
    assert (answer.status, answer.headers["location"]) == (303, "/explorer/users")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=v1.")
    for attribute in ("HttpOnly", "SameSite=strict", "Path=/explorer", "Max-Age=43200"):
        assert attribute in cookie
    assert token not in cookie
    page = site.get("/users")
    assert page.status == 200
    assert "Sign out" in page.text
    assert site.client.get("/v1/items/tea-0-1/similar").status_code == 401  # the API takes keys alone


def test_signing_out_ends_it(site: Site) -> None:
    signed_in(site, "read")
    answer = site.post("/sign-out")
    assert (answer.status, answer.headers["location"]) == (303, "/explorer/sign-in")
    assert site.get("/users").status == 303


def test_a_removed_key_ends_its_session(site: Site) -> None:
    signed_in(site, "read")
    site.holder.keys.add("another", ["read"], LATER)
    site.holder.keys.remove("ann")
    assert site.get("/users").status == 303


@pytest.mark.parametrize("key", ["wrong", " ", "ir_" + "x" * 43])
def test_a_wrong_key_opens_nothing(site: Site, key: str) -> None:
    site.holder.keys.add("ann", ["read"], LATER)
    answer = site.post("/sign-in", key=key)
    assert answer.status in (403, 422)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("then", ["https://evil.example", "//evil.example", "/v1/x", ""])
def test_nobody_is_sent_elsewhere(site: Site, then: str) -> None:
    token = site.holder.keys.add("ann", ["read"], LATER)
    assert site.post("/sign-in", key=token, then=then).headers["location"] == "/explorer"


def test_scopes_decide_what_can_be_done(site: Site) -> None:
    signed_in(site, "read")
    page = site.get("/user", id="user000")
    assert "Remove" not in page.text
    assert "Add an interest" not in page.text
    edit = site.send("/user/interests", id="user000", action="add", text="tea")
    assert edit.status == 403
    assert "lacks the scope 'write'" in edit.text
    assert "lacks the scope “label”" in site.get("/labels").text
    assert site.get("/labels/next", task="tag", rater="ann").status == 403
    assert site.send("/labels", task="tag").status == 403
    assert list(site.holder.ranking.live.edits("user000")) == []


def test_scopes_open_what_they_are_for(site: Site) -> None:
    signed_in(site, "read", "write", "label")
    assert site.send("/user/interests", id="user000", action="add", text="tea").status == 200
    page = site.get("/labels")
    assert page.found(r'name="rater" value="([^"]*)"') == ["ann"]
    assert site.get("/labels/next", task="tag", rater="ann").status == 200


def test_a_key_that_may_not_read_sees_no_page(site: Site) -> None:
    signed_in(site, "write")
    assert site.get("/users").status == 403


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
@pytest.mark.parametrize("path", ["/user/interests", "/labels", "/sign-in", "/sign-out"])
def test_another_site_changes_nothing(still: Site, path: str, headers: dict[str, str]) -> None:
    answer = still.post(path, headers, id="user000", action="add", text="tea", key="x")
    assert answer.status == 403
    assert list(still.holder.ranking.live.edits("user000")) == []


def test_what_says_nothing_of_its_page_changes_nothing(still: Site) -> None:
    form = {"id": "user000", "action": "add", "text": "tea"}
    answer = still.client.post(f"{HOME}/explorer/user/interests", data=form)
    assert answer.status_code == 403
    assert "Programs use /v1" in answer.text


def test_a_session_does_not_outlive_its_time(site: Site) -> None:
    _, answer = signed_in(site, "read")
    session = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
    from intentrec.serving.explorer.sessions import LIFETIME, Sessions

    sessions = Sessions.of(site.holder)
    assert sessions.in_cookies(f"other=1; {COOKIE}={session}", LATER) is not None
    assert sessions.in_cookies(f"{COOKIE}={session}", LATER + LIFETIME + timedelta(seconds=1)) is None
    assert sessions.in_cookies("other=1", LATER) is None
