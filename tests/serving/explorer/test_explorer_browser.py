"""The explorer in a real browser: read, turned, edited, judged; by keyboard alone, without scripts, on a phone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from browsing import OpenTab, Tab
from explorer_shop import HOSTILE, LATER
from intentrec.judge.criteria import CRITERIA
from intentrec.serving.keys import KEYS_FILE, Keys

pytestmark = pytest.mark.slow

USER = "user000"
PAGES = {
    "home": "", "users": "/users", "search": "/search?q=tea", "user": f"/user?id={USER}&beta=0.1",
    "item": "/item?id=garden-1-1", "why": f"/why?user={USER}&item=garden-1-1", "compare-none": "/compare",
    "compare": f"/compare?left_user={USER}&right_system=popular", "releases": "/releases",
    "release": "/release?name=r0002", "labels": "/labels", "judge": "/labels/next?task=interest&rater=ann",
    "experiments": "/experiments", "sign-in": "/sign-in", "problem": "/user?id=ghost",
}  # fmt: skip
LENGTHEN = """() => {
  for (const each of document.querySelectorAll("h1, .title, .tags li, option, .reason, .facts dd, th")) {
    each.append(" " + "W".repeat(90));
  }
}"""
"""Makes words long where they come from outside."""


@pytest.fixture
def here(open_tab: OpenTab) -> Iterator[Tab]:
    """A tab that must end without a complaint, and without having asked another host for anything."""
    with open_tab(viewport={"width": 1440, "height": 900}) as opened:
        yield opened
        assert opened.complaints == []
        assert opened.asked
        assert opened.elsewhere == []


def listed(page: Page) -> list[str]:
    return page.locator("#list .title").all_inner_texts()


def slide(page: Page, name: str, steps: int) -> None:
    """Move a slider by keyboard."""
    page.get_by_label(name).focus()
    for _ in range(abs(steps)):
        page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")


def test_the_whole_chain_of_a_user_is_read(here: Tab) -> None:
    page = here.open("/user", id=USER)
    expect(page.get_by_role("heading", name=USER)).to_be_visible()
    for heading in ("Done", "Wanted", "Shown"):
        expect(page.get_by_role("region", name=heading)).to_be_visible()
    interest = page.locator(".interest .name a").first
    name = interest.inner_text()
    interest.click()
    expect(page.locator("#announced")).to_contain_text(f"“{name}” rests on")
    expect(interest).to_have_attribute("aria-current", "true")
    assert page.locator(".events .lit").count() > 0
    assert page.locator(".lines .lit").count() > 0
    lit = page.locator(".events .lit").first
    expect(lit).to_contain_text("evidence")
    expect(page.locator(".interest.chosen .tags li").first).to_be_visible()
    row = page.locator("#list > .list > li").first
    expect(row.locator(".reason")).not_to_be_empty()
    expect(row.locator(".sum")).to_contain_text("user")
    row.get_by_role("link", name=re.compile("^Why ")).click()
    expect(page.get_by_role("heading", name="The score")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("[Ee]vents"))).to_be_visible()
    assert page.locator("time").count() > 0


def test_a_moved_beta_re_ranks_at_once_and_stays_in_the_address(here: Tab) -> None:
    page = here.open("/user", id=USER)
    before = listed(page)
    slide(page, "Beta", -45)
    expect(page.locator("#said")).to_contain_text("Against the list as it is served")
    expect(page.locator("output[for=beta]")).to_have_text("0.05")
    after = listed(page)
    assert after != before
    assert page.locator("#list .move").count() > 0
    expect(page.get_by_label("Beta")).to_be_focused()
    assert "beta=0.05" in page.url
    page.reload()
    assert listed(page) == after
    page.get_by_role("link", name="As it is served").click()
    page.wait_for_url(lambda url: "beta" not in url)
    assert listed(page) == before


def test_a_removed_interest_takes_its_rows_and_comes_back(here: Tab) -> None:
    page = here.open("/user", id=USER, beta="0.1")
    before = listed(page)
    first = page.locator(".interests").first.locator(".interest").first
    name, tags = first.locator(".name a").inner_text(), first.locator(".tags li").all_inner_texts()
    led = page.locator("#list .led", has_text=re.compile(rf"of {re.escape(name)}$"))
    assert led.count() > 0
    first.get_by_role("button", name=f"Remove {name}", exact=True).click()
    expect(page.locator("#edited")).to_be_focused()
    expect(page.locator("#edited")).to_have_text(f"Removed “{name}”.")
    expect(page.locator("#said")).to_contain_text("gone")
    expect(led).to_have_count(0)
    assert not set(tags) & set(page.locator("#wanted > .interests").first.locator(".tags li").all_inner_texts())
    assert listed(page) != before
    page.get_by_role("button", name=f"Put {name} back").click()
    expect(page.locator("#edited")).to_contain_text("stands again")
    expect(page.locator("#list .title")).to_have_text(before)


def test_an_interest_is_added_and_reworded_by_keyboard(here: Tab) -> None:
    page = here.open("/user", id="user004")
    page.get_by_label("Add an interest").focus()
    page.keyboard.type("snow globe")
    page.keyboard.press("Enter")
    expect(page.locator("#edited")).to_have_text("Added “snow globe”.")
    card = page.locator(".interest", has_text="added by hand")
    summary = card.locator("summary")
    summary.focus()
    page.keyboard.press("Enter")
    card.get_by_label("In other words").fill("tree garland")
    page.keyboard.press("Enter")
    expect(page.locator("#edited")).to_contain_text("is now “tree garland”")
    page.get_by_role("button", name="Undo the change of tree garland").press("Enter")
    expect(page.locator(".interest", has_text="by hand")).to_have_count(0)


def test_a_label_is_given_by_keyboard_and_counted(here: Tab) -> None:
    page = here.open("/labels")
    page.get_by_label("Your name").fill("kim")
    page.get_by_role("radio", name=re.compile("^interests")).check()
    page.keyboard.press("Enter")
    expect(page.locator("#turn")).to_contain_text("0 of")
    page.wait_for_selector("#verdicts[data-htmx-powered]")  # until then the form is sent as without scripts
    thing = page.locator("#thing").inner_text()
    levels = [len(criterion.levels) for criterion in CRITERIA["interest"]]
    for n_levels in levels:
        page.keyboard.press(str(n_levels))
    page.keyboard.press("Enter")
    expect(page.locator("#turn")).to_contain_text("Kept. 1 of")
    expect(page.locator("#turn")).to_be_focused()
    page.keyboard.press("s")
    expect(page.locator("#turn")).to_contain_text("Skipped. 1 of")
    page.get_by_label("Note").focus()
    page.keyboard.type("s1")  # no key of ours while a text is written
    expect(page.get_by_label("Note")).to_have_value("s1")
    page.get_by_role("link", name=re.compile("agreement")).click()
    row = page.get_by_role("row", name=re.compile("interest willingness"))
    expect(row.locator("td").nth(1)).to_have_text("1")
    assert thing


def test_keys_can_be_turned_off(here: Tab) -> None:
    page = here.open("/labels/next", task="interest", rater="lee")
    page.get_by_text("Keyboard", exact=True).click()
    page.get_by_label("Keys are on").uncheck()
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("1")
    expect(page.locator("input[type=radio]:checked")).to_have_count(0)
    page.reload()
    assert page.locator("#keys").is_checked() is False


def test_what_is_markup_stays_inert(here: Tab) -> None:
    for item, title in HOSTILE.items():
        page = here.open("/item", id=item)
        expect(page.get_by_role("heading", level=1)).to_contain_text(title)
    for path in ("/search?q=img", f"/why?user={USER}&item=tea-0-0", f"/user?id={USER}&viewed=true&k=72&events=all"):
        page = here.open(path)
        assert page.locator("img").count() == 0
        assert page.evaluate("document.documentElement.dataset.ran") is None
    page.get_by_label("Add an interest").fill(HOSTILE["tea-0-0"])  # comes back in a piece that is swapped in
    page.keyboard.press("Enter")
    expect(page.locator("#edited")).to_contain_text("Added “<img src=x onerror=")
    assert page.locator("img").count() == 0
    assert page.evaluate("document.documentElement.dataset.ran") is None


def test_everything_can_be_reached_by_keyboard(here: Tab) -> None:
    page = here.open("/user", id=USER)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    seen, most = set(), page.locator("a, button, input:not([type=hidden]), select, summary, [tabindex='0']").count()
    for _ in range(most + 5):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.getAttribute('name') || document.activeElement.className"))
        outline = "document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) != "none"
    assert {"beta", "diversity", "k", "category", "viewed", "why", "scroll"} <= seen


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(open_tab: OpenTab, scheme: str) -> None:
    with open_tab(color_scheme=scheme, bypass_csp=True, viewport={"width": 1280, "height": 800}) as opened:
        for name, path in PAGES.items():
            page = opened.open(path)
            for folded in page.locator("details").all():
                folded.evaluate("each => { each.open = true; }")
            found = Axe().run(page).response["violations"]
            bad = [
                (each["id"], node["target"], node["failureSummary"])
                for each in found
                if each["impact"] in ("serious", "critical")
                for node in each["nodes"]
            ]
            assert bad == [], name


@pytest.mark.parametrize("width", [390, 768])
def test_no_page_is_wider_than_the_screen(open_tab: OpenTab, width: int) -> None:
    with open_tab(viewport={"width": width, "height": 844}) as opened:
        for name, path in PAGES.items():
            page = opened.open(path)
            page.evaluate(LENGTHEN)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_without_scripts_the_chain_is_read_turned_and_edited(open_tab: OpenTab) -> None:
    with open_tab(java_script_enabled=False) as opened:
        page = opened.open("/user", id="user008")
        before = listed(page)
        page.locator(".interest .name a").first.click()
        assert page.locator(".lit").count() > 0
        page.locator("input[name=beta]").fill("0.05")
        page.get_by_role("button", name="Rank anew").click()
        assert listed(page) != before
        page.locator(".interest").first.get_by_role("button", name=re.compile("^Remove")).click()
        expect(page.locator(".removed .interest")).to_have_count(1)
        page.goto(f"{opened.home}/explorer/release?name=r0002")
        page.get_by_role("link", name="What was measured").click()
        expect(page.get_by_role("heading", name="Quality")).to_be_visible()
        assert opened.elsewhere == []


def test_a_key_signs_in_and_a_session_survives_a_new_page(open_tab: OpenTab, folder: Path) -> None:
    keys = Keys(folder / KEYS_FILE)
    token = keys.add("kim", ["read", "write"], LATER)
    try:
        with open_tab() as opened:
            page = opened.open("/user", id=USER)
            page.get_by_label("Key").fill("wrong")
            page.keyboard.press("Enter")
            expect(page.get_by_role("alert").filter(has_text="no key of this server")).to_be_visible()
            page.get_by_label("Key").fill(token)
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", name=USER)).to_be_visible()
            assert page.evaluate("document.cookie") == ""
            page.get_by_label("Add an interest").fill("teapot")
            page.keyboard.press("Enter")
            expect(page.locator("#edited")).to_be_visible()
            opened.open("/users")
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    finally:
        keys.remove("kim")


def test_a_server_that_does_not_answer_is_told(open_tab: OpenTab) -> None:
    with open_tab() as opened:
        page = opened.open("/user", id=USER)
        page.route("**/user/list*", lambda route: route.abort())
        slide(page, "Beta", -10)
        expect(page.get_by_role("alert")).to_contain_text("The server did not answer")


def test_a_refused_edit_is_told_and_nothing_else_changes(open_tab: OpenTab) -> None:
    with open_tab() as opened:
        page = opened.open("/user", id=USER)
        before = listed(page)
        page.locator("#added").evaluate("field => { field.value = ' '; field.closest('form').requestSubmit(); }")
        expect(page.get_by_role("alert")).to_contain_text("This edit is not complete")
        assert listed(page) == before
