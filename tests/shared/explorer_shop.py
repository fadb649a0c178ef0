"""A small shop behind a server, with titles that would run if a page let them, and pages as a browser gets them."""

import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
from starlette.testclient import TestClient

from intentrec.pipeline.daily import RunOptions, run_day
from intentrec.progress import SILENT
from intentrec.serving.api import create_app
from intentrec.serving.bundle import export_bundle
from intentrec.serving.holder import Holder
from intentrec.workspace import Workspace
from shop_world import NOW, START, Settings, Shop, make_shop, open_shop

LATER = datetime(2025, 6, 1, 12, tzinfo=UTC)
"""The time on the wall while pages are looked at."""
IMAGE = "<img src=x onerror=\"document.documentElement.dataset.ran='image'\"> CUP"
SCRIPT = "</script><script>document.documentElement.dataset.ran='script'</script> POT"
QUOTES = '{{ 7 * 7 }}" onmouseover="x\' & TROWEL'
HOSTILE = {"tea-0-0": IMAGE, "tea-1-0": SCRIPT, "garden-0-0": QUOTES}
TAGS_COUNT: Settings = {"retrieval": {"beta": 0.5, "user_share": 0.5}}
"""Settings with which the tags have a part in every list."""
HOME = "http://127.0.0.1:8080"
STRANGE_USER = "a/b?c=d&e <i>"


def hostile_shop() -> Shop:
    """The small shop, where some titles are markup, and so is the id of a user who has done nothing."""
    shop = make_shop()
    titles = pl.col("item_id").replace_strict(HOSTILE, default=pl.col("title"), return_dtype=pl.String)
    newcomer = pl.DataFrame({"user_id": [STRANGE_USER], "country": ["Finland"]})
    return Shop(shop.items.with_columns(title=titles), shop.events, pl.concat([shop.users, newcomer]), shop.themes)


def released(root: Path, settings: Settings = TAGS_COUNT) -> Workspace:
    """A workspace with two releases of that shop, r0001 as of day 100 and r0002, and the bundle of the latter."""
    workspace, config = open_shop(root, hostile_shop(), settings=settings)
    for as_of in (START + timedelta(days=100), None):
        run_day(workspace, config, RunOptions(as_of), now=lambda: NOW, progress=SILENT)
    export_bundle(workspace)
    return workspace


class Tags(HTMLParser):
    """Every element of a page with its attributes, as a browser reads them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element."""
        self.found.append((tag, dict(attrs)))


@dataclass
class Answered:
    """A page as it came."""

    status: int
    html: str
    headers: Any

    @property
    def text(self) -> str:
        """What is read of it, in one line."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.html)).split())

    @property
    def tags(self) -> list[tuple[str, dict[str, str | None]]]:
        """Its elements."""
        return Tags(self.html).found

    def found(self, pattern: str) -> list[Any]:
        """Everything in its source that a pattern finds, unescaped."""
        return [unescape(hit) if isinstance(hit, str) else hit for hit in re.findall(pattern, self.html, re.DOTALL)]


class Site:
    """The application over a copy of a workspace, asked as a browser does."""

    def __init__(self, folder: Path) -> None:
        self.holder = Holder.open(folder)
        self.workspace = self.holder.workspace
        self.app = create_app(self.holder, now=lambda: LATER)
        self.client = TestClient(self.app, base_url=HOME, follow_redirects=False)

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Answered:
        """A page below /explorer."""
        return self._answered(self.client.get(f"/explorer{path}", params=query or None, headers=headers))

    def part(self, path: str, **query: Any) -> Answered:
        """What htmx asks for."""
        return self.get(path, {"HX-Request": "true"}, **query)

    def post(self, path: str, headers: dict[str, str] | None = None, **form: Any) -> Answered:
        """What a form of a page sends."""
        given = {"Origin": HOME, "Sec-Fetch-Site": "same-origin"} | (headers or {})
        return self._answered(self.client.post(f"/explorer{path}", data=form, headers=given))

    def send(self, path: str, **form: Any) -> Answered:
        """What a form of a page sends through htmx."""
        return self.post(path, {"HX-Request": "true"}, **form)

    def close(self) -> None:
        """Give everything back."""
        self.client.close()
        self.holder.close()

    @staticmethod
    def _answered(response: Any) -> Answered:
        return Answered(response.status_code, response.text, response.headers)


def site_of(workspace: Workspace, folder: Path) -> Site:
    """The application over a copy of a workspace."""
    shutil.copytree(workspace.root, folder)
    return Site(folder)


def per_user() -> pl.DataFrame:
    """What `evaluate` would have measured: one system has a name that is markup."""
    values = {"ndcg@10": 0.25, "recall@100": 0.75, "recall@20": 0.5, "coverage@10": 0.1}
    return pl.DataFrame(
        [
            {"system": system, "view": "all", "user_id": f"u{n}", "n_targets": 1, "recall@10": share, **values}
            for system, share in (("<mine>", 0.5), ("ease", 0.25))
            for n in range(10)
        ],
        schema_overrides={"n_targets": pl.Int64},
    )
