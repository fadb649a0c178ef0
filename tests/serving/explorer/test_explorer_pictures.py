"""The screenshots of docs/explorer.md. `make screenshots` takes them on the demo's shop and keeps them."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect

from browsing import OpenTab, serving, tab
from intentrec.judge.criteria import CRITERIA
from intentrec.workspace import Workspace
from pictures import take

pytestmark = pytest.mark.slow

KEPT, SHOP = os.environ.get("INTENTREC_PICTURES"), os.environ.get("INTENTREC_SHOP")
MOST_BYTES = 150_000
WIDE, PHONE = {"width": 1280, "height": 720}, {"width": 390, "height": 780}


@pytest.fixture(scope="module")
def shown(folder: Path) -> Workspace:
    """The demo's shop where it is named, otherwise the small one."""
    return Workspace(SHOP or folder)


@pytest.fixture(scope="module")
def open_shown(browser: Browser, shown: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenTab]:
    """Opens tabs on that shop."""
    with serving(shown.root, tmp_path_factory.mktemp("log")) as home:
        yield partial(tab, browser, home, device_scale_factor=1)


@pytest.fixture
def keep(tmp_path: Path):
    """Takes a picture of a page; it is kept where the environment says so."""

    def kept(page: Page, name: str) -> None:
        path = Path(KEPT or tmp_path) / f"explorer-{name}.png"
        take(page, path)
        assert 1_000 < path.stat().st_size < MOST_BYTES

    return kept


@pytest.fixture
def told(shown: Workspace) -> str:
    """The user for whom a language model wrote most; the first by id where it wrote for nobody."""
    rows = shown.read_release("interests")
    counted = rows.group_by("user_id").agg((pl.col("model") != "none").sum().alias("told"), pl.len())
    return str(counted.sort(["told", "len", "user_id"], descending=[True, True, False])["user_id"][0])


def test_a_user_whose_interest_is_chosen(open_shown: OpenTab, keep, told: str) -> None:
    with open_shown(viewport=WIDE, color_scheme="light") as opened:
        page = opened.open("/user", id=told)
        page.locator(".interest .name a").first.click()
        expect(page.locator(".events .lit").first).to_be_visible()
        keep(page, "user")


def test_a_list_that_was_turned(open_shown: OpenTab, keep, told: str) -> None:
    with open_shown(viewport=WIDE, color_scheme="dark") as opened:
        page = opened.open("/user", id=told, beta="0.6", diversity="0.8")
        page.locator("#shown-title").evaluate("each => each.scrollIntoView()")
        keep(page, "turned")


def test_two_systems_side_by_side(open_shown: OpenTab, keep, told: str) -> None:
    with open_shown(viewport=WIDE, color_scheme="light") as opened:
        page = opened.open("/compare", left_user=told, right_system="user")
        page.locator(".sides .row-of-knobs").evaluate("each => each.scrollIntoView()")
        keep(page, "compare")


def test_a_release_with_its_quality(open_shown: OpenTab, keep, shown: Workspace) -> None:
    with open_shown(viewport=WIDE, color_scheme="light") as opened:
        page = opened.open("/release", name=shown.release().release)
        keep(page, "release")
        page.locator(".quality h3").first.evaluate("each => each.scrollIntoView()")
        keep(page, "quality")


def test_an_interest_that_is_being_judged(open_shown: OpenTab, keep) -> None:
    with open_shown(viewport=WIDE, color_scheme="light") as opened:
        page = opened.open("/labels/next", task="interest", rater="kim")
        page.keyboard.press(str(len(CRITERIA["interest"][0].levels)))
        keep(page, "labels")


def test_a_phone(open_shown: OpenTab, keep, told: str) -> None:
    with open_shown(viewport=PHONE, color_scheme="dark") as opened:
        page = opened.open("/user", id=told, beta="0.6")
        page.locator("#said").evaluate("each => each.scrollIntoView()")
        keep(page, "phone")
