"""A real browser on a real server of this host: what it asks for and what it complains about is written down."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, sync_playwright

BINARIES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking",
)  # fmt: skip
PATIENCE_MS = 20_000
START_S = 90.0
_ENV = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


@contextmanager
def serving(folder: Path, logs: Path) -> Iterator[str]:
    """`intentrec serve` on a workspace, on a free port; its address, once it answers.

    Args:
        folder: The workspace.
        logs: A folder for what the server says.
    """
    command = [sys.executable, "-m", "intentrec", "-w", str(folder), "serve", "--port", "0"]
    log = logs / "server.log"
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | _ENV) as process:
        try:
            yield _address(process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = monotonic() + START_S
    while process.poll() is None and monotonic() < deadline:
        said = re.search(r"explorer at (\S+)/explorer", log.read_text("utf-8"))
        if said and _answers(f"{said[1]}/ready"):
            return said[1]
        sleep(0.1)
    raise AssertionError(f"the server did not start: {log.read_text('utf-8')[-4000:]}")


def _answers(address: str) -> bool:
    try:
        return httpx.get(address).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, driven by playwright; the test is skipped where there is none."""
    binary = next(filter(None, map(shutil.which, BINARIES)), None)
    if binary is None:
        pytest.skip("there is no Chromium to open pages with; Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class Tab:
    """One page of the browser.

    Attributes:
        asked: Addresses that it asked for.
        complaints: What it wrote to its console as an error or a warning, and what scripts failed with.
    """

    page: Page
    home: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str, **query: str) -> Page:
        """A page below /explorer, once nothing moves any more."""
        self.page.goto(f"{self.home}/explorer{path}" + (f"?{urlencode(query)}" if query else ""))
        self.page.wait_for_load_state("networkidle")
        return self.page

    @property
    def elsewhere(self) -> list[str]:
        """Addresses of other hosts that it asked for."""
        return [address for address in self.asked if urlsplit(address).netloc != urlsplit(self.home).netloc]


@contextmanager
def tab(browser: Browser, home: str, **options: object) -> Iterator[Tab]:
    """A fresh page that reaches its own server alone."""
    context = browser.new_context(**options)  # type: ignore[arg-type]
    made = Tab(context.new_page(), home)
    made.page.set_default_timeout(PATIENCE_MS)

    def pass_on(route: Route) -> None:
        made.asked.append(route.request.url)
        if urlsplit(route.request.url).netloc == urlsplit(home).netloc:
            route.continue_()
        else:
            route.abort()

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            made.complaints.append(message.text)

    context.route("**/*", pass_on)
    made.page.on("console", listen)
    made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
    yield made
    context.close()


OpenTab = Callable[..., AbstractContextManager[Tab]]
"""Opens a fresh page on a server; options as playwright's `new_context` takes them."""
