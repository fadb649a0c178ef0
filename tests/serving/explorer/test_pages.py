"""Home, search, items, why, comparisons, releases; headers and files."""

import re

import pytest

from explorer_shop import IMAGE, LATER, SCRIPT, STRANGE_USER, Site, per_user
from intentrec import extras
from intentrec.serving.live import LiveItem
from intentrec.tables import QUARANTINE

PAGES = [
    "", "/", "/users", "/search?q=tea", "/user?id=user000", "/item?id=tea-0-0", "/why?user=user000&item=tea-0-1",
    "/compare", "/compare?left_user=user000&right_user=user004", "/releases", "/release?name=r0001",
    "/release/quality", "/labels", "/labels/next?task=tag&rater=ann", "/sign-in",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_every_page_loads_nothing_from_elsewhere_and_has_landmarks(still: Site, path: str) -> None:
    page = still.get(path)
    assert page.status == 200
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-store"
    for tag, attributes in page.tags:
        assert tag != "style"
        assert tag != "script" or "src" in attributes
        assert not [name for name in attributes if name == "style" or name.startswith(("on", "hx-on"))]
        for name in ("src", "href", "action", "hx-get", "hx-post"):
            assert (attributes.get(name) or "#").startswith(("/explorer", "#"))
    assert len(page.found(r"<h1")) == 1
    assert len(page.found(r"<main")) == 1
    assert page.found(r"<html lang=\"en\">")
    assert page.found(r"<title>(.*?) · intentrec</title>")
    ids = page.found(r'\sid="([^"]*)"')
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", ["explorer.css", "explorer.js", "labels.js", "htmx.min.js", "icon.svg"])
def test_files_are_ours_and_named_by_their_content(still: Site, name: str) -> None:
    page = still.get("/labels/next?task=tag&rater=ann")
    (address,) = page.found(rf'"(/explorer/static/{re.escape(name)}[^"]*)"')
    answer = still.client.get(address)
    assert answer.status_code == 200
    assert answer.headers["etag"].strip('"') in address
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "http://" not in answer.text.replace("http://www.w3.org/", "").replace("http://127.0.0.1", "")


@pytest.mark.parametrize("name", ["CREDIT.md", "..%2Fpages.py", "nothing.css"])
def test_nothing_else_is_given_out(still: Site, name: str) -> None:
    assert still.get(f"/static/{name}").status == 404


def test_home_says_what_is_served(site: Site) -> None:
    site.holder.store.put_items([LiveItem(item_id="new", title="NEW THING")])
    text = site.get("").text
    assert "release r0002" in text
    assert "items 72" in text
    assert "items since 1" in text


def test_search_finds_users_by_id_and_items_by_id_or_words(still: Site) -> None:
    assert still.get("/search", q="user00").found(r'<a href="/explorer/user\?id=[^"]*">(.*?)</a>') == [
        f"user00{n}" for n in range(10)
    ]
    assert still.get("/search", q=STRANGE_USER).found(r'user\?id=[^"]*">(.*?)</a>') == [STRANGE_USER]
    assert still.get("/search", q="TEA cosy blue").found(r'item\?id=[^"]*">(.*?)</a>') == ["BLUE TEA COSY"]
    assert still.get("/search", q="tea-0-0").found(r'item\?id=[^"]*">(.*?)</a>') == [IMAGE]
    assert SCRIPT in still.get("/search", q="</script>").found(r'item\?id=[^"]*">(.*?)</a>')
    nothing = still.get("/search", q=".*<b>")
    assert "No user id begins with “.*<b>”" in nothing.text
    assert "<b>" not in nothing.html


def test_search_finds_what_came_in_since(site: Site) -> None:
    site.holder.store.put_items(
        [LiveItem(item_id="n", title="<u>GLASS</u> kettle"), LiveItem(item_id="tea-4-1", title="X")]
    )
    assert site.get("/search", q="kettle glass").found(r'item\?id=[^"]*">(.*?)</a>') == ["<u>GLASS</u> kettle"]
    assert "tea-4-1" not in site.get("/search", q="tea cosy").text


def test_users_can_be_leafed_through(still: Site) -> None:
    first = still.get("/users")
    assert len(first.found(r"user\?id=")) == 36
    assert first.found(r'rel="next"') == []
    assert len(still.get("/users", after="user030").found(r"user\?id=")) == 5
    assert "None after zzz" in still.get("/users", after="zzz").text


def test_an_item_says_what_it_is_what_is_like_it_and_who_gets_it(still: Site) -> None:
    reached = still.holder.ranking.audience("garden-1-1")
    assert reached
    page = still.get("/item", id="garden-1-1")
    assert page.found(r'<th scope="row"><a [^>]*>(.*?)</a>') == [each.user_id for each in reached]
    for each in reached:
        assert each.tag is None or each.tag in page.text
    assert len(page.found(r'class="title"')) == 12
    assert "category" in page.text
    assert still.get("/item", id="spaceship").status == 404


def test_an_item_that_came_in_since_has_a_page(site: Site) -> None:
    site.holder.store.put_items(
        [LiveItem.model_validate({"item_id": "n", "title": "<u>TEA</u> kettle", "colour": "<red>"})]
    )
    page = site.get("/item", id="n")
    assert page.status == 200
    assert "came in since release r0002" in page.text
    assert "colour <red>" in page.text
    assert "<u>" not in page.html


def test_why_shows_the_chain_back_to_the_events(still: Site) -> None:
    items = [e["item_id"] for e in still.holder.ranking.for_user("user000", _ask()).to_list() if e["source"] == "tag"]
    chain = still.holder.ranking.why("user000", items[0])
    page = still.get("/why", user="user000", item=items[0])
    assert chain.interest is not None
    for words in [chain.reason, chain.interest["reason"], *chain.tags, *chain.lines]:
        assert " ".join(words.split()) in page.text
    assert len(page.found("<time")) == len(chain.events)
    assert f"number {chain.rank} of {chain.list_length}" in page.text


def test_why_of_a_user_without_history_says_that_no_interest_leads_there(still: Site) -> None:
    item = still.holder.ranking.for_user(STRANGE_USER, _ask()).to_list()[0]["item_id"]
    page = still.get("/why", user=STRANGE_USER, item=item)
    assert "No interest leads to it" in page.text


def test_two_users_two_releases_and_two_systems_can_be_compared(still: Site) -> None:
    same = still.get("/compare", left_user="user000")
    assert "in both 20 of 20 and 20" in same.text
    assert "rank-biased overlap 1.00" in same.text
    users = still.get("/compare", left_user="user000", right_user="user001", k=10)
    assert "rank-biased overlap 1.00" not in users.text
    releases = still.get("/compare", left_user="user000", right_release="r0001", k=10)
    assert releases.status == 200
    assert "user000 , r0001, served" in releases.text
    systems = still.get("/compare", left_user="user000", left_system="tag", right_system="popular", k=10)
    assert systems.status == 200
    assert "only here" in systems.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"right_user": "ghost"}, "There is no user 'ghost'"),
        ({"right_release": "r0099"}, "There is no release 'r0099'"),
        ({"right_system": "psychic"}, "has no system 'psychic': served, user"),
    ],
)
def test_what_cannot_be_compared_is_said(still: Site, query: dict[str, str], said: str) -> None:
    page = still.get("/compare", left_user="user000", **query)
    assert page.status == 404
    assert said in page.text


def test_a_release_says_how_it_was_made(site: Site) -> None:
    site.workspace.write(
        "quarantine",
        QUARANTINE.rows(
            [{"table": "events", "source": "f", "line": n, "reason": "<no time>", "record": ""} for n in (1, 2)]
        ),
    )
    page = site.get("/release", name="r0002")
    report = site.workspace.releases.get("r0002").report
    assert page.found(r'<div class="stage"><h3>(.*?)</h3>') == [
        name for name, counts in report["steps"].items() if counts
    ]
    assert "passed, by rule" in page.text
    assert "events <no time> 2" in page.text
    assert "served" in page.text
    assert "No language model took part" in page.text
    listed = site.get("/releases")
    assert listed.found(r'release\?name=(r\d+)"') == ["r0002", "r0001"]
    assert site.get("/release", name="r0099").status == 404


def test_a_release_tells_what_a_language_model_cost(site: Site) -> None:
    manifest = site.workspace.releases.get("r0002")
    used = {
        "model": "<m>", "requests": 7000, "hits": 5, "calls": 2, "wrong": 0, "prompt_tokens": 1234, "repairs": 0,
        "completion_tokens": 56, "usd": 1.5, "failed": 1,
    }  # fmt: skip
    report = manifest.report | {"models": {"interests": used}, "notes": ["a <note>"]}
    site.workspace.releases.publish(manifest.model_copy(update={"report": report}))
    page = site.get("/release", name="r0003")
    assert "interests <m> 7,000 5 2 1,234 56 1 1.50" in page.text
    assert "cost 1.50 USD" in page.text
    assert "a <note>" in page.text
    assert "current, not opened yet" in site.get("/releases").text


def test_quality_is_told_with_intervals_and_a_plot(site: Site) -> None:
    assert "Nothing was measured yet" in site.part("/release/quality").text
    site.workspace.write("user_metrics", per_user())
    page = site.part("/release/quality")
    assert "<mine> 0.5000 [0.5000, 0.5000] 0.2500 [0.2500, 0.2500] 0.7500 [0.7500, 0.7500]" in page.text
    assert "recall@20" not in page.text
    assert page.found("<svg")
    assert "<mine>" not in page.html


def test_without_what_draws_the_numbers_stand_alone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.workspace.write("user_metrics", per_user())
    monkeypatch.setitem(extras.INSTALL, "altair_is_not_here", "pip install x")
    monkeypatch.setattr("intentrec.serving.explorer.quality.DRAWS", ("altair_is_not_here",))
    page = site.part("/release/quality")
    assert "Without plots: The package 'altair_is_not_here' is needed for the plots" in page.text
    assert not page.found("<svg")
    assert "0.5000" in page.text


def test_a_fault_of_ours_is_a_page_that_says_nothing_of_the_inside(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr("intentrec.serving.explorer.home._users", fail)
    page = site.get("/search", q="x")
    assert page.status == 500
    assert "/secret/path" not in page.html
    assert "the log" in page.text.lower()
    monkeypatch.setattr(type(site.holder.store), "edit_interest", _full_disk)
    full = site.send("/user/interests", id="user000", action="add", text="tea")
    assert full.status == 503
    assert "/secret" not in full.html


def _full_disk(*_: object) -> None:
    from intentrec.errors import WorkspaceError

    raise WorkspaceError("The disk that holds /secret is full.")


def _ask():
    from intentrec.serving.ranking import Ask

    return Ask(k=10)


def test_times_are_utc() -> None:
    from intentrec.serving.explorer.times import day, moment

    assert (day(LATER), moment(LATER)) == ("2025-06-01", "2025-06-01 12:00")
    assert moment("2025-06-01T12:00:00+02:00") == "2025-06-01 10:00"
    assert moment("2025-06-01T12:00:00") == "2025-06-01 12:00"


def test_no_page_names_who_was_erased(site: Site) -> None:
    for item in site.holder.ranking.for_user("user000", _ask()).to_list():
        reached = site.holder.ranking.audience(item["item_id"])
        if "user000" in [each.user_id for each in reached]:
            break
    site.holder.store.erase("user000")
    for path in ("", "/users", "/search?q=user0", f"/item?id={item['item_id']}", "/labels/next?task=interest&rater=a"):
        page = site.get(path)
        assert page.status == 200
        assert "id=user000" not in page.html
    assert site.get("/user", id="user000").status == 404
    assert site.get("/why", user="user000", item=item["item_id"]).status == 404
    assert site.get("/compare", left_user="user001", right_user="user000").status == 404
