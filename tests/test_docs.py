"""The pages that are made from the code are the code's own."""

import re
from pathlib import Path

import pytest
from make_docs import DOCS, PAGES

from intentrec.errors import IntentrecError

ROOT = DOCS.parent


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_made_from_the_code_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == PAGES[name](), "run `make docs`"


def test_links_between_pages_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *DOCS.glob("*.md")]:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name} points to {link}"


def test_the_help_names_every_exit_code() -> None:
    text = PAGES["commands.md"]()
    for kind in IntentrecError.__subclasses__():
        assert f"{kind.exit_code} " in text


def test_the_packed_demo_data_is_small_and_credited() -> None:
    folder = Path(ROOT / "src/intentrec/data/online_retail")
    assert sum(file.stat().st_size for file in folder.iterdir()) < 2_000_000
    assert "CC0" in (folder / "CREDIT.md").read_text("utf-8")
