"""The routes and pages of experiments, over the whole application and in a real browser."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from browsing import chromium, serving, tab
from experiment_served import Served
from experiment_world import BETA, END, make_workspace
from intentrec.serving.experiments.reports import FRESH, Reports
from intentrec.serving.keys import KEYS_FILE, Keys
from intentrec.workspace import Workspace

DAY = timedelta(days=1)
TABLES = ("exposures", "impressions")


@pytest.fixture(scope="module")
def measured(shop: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop with the exposures and impressions of the planted experiment, under its definition."""
    root = tmp_path_factory.mktemp("measured")
    folder = Path(shutil.copytree(shop.root, root / "shop", ignore=shutil.ignore_patterns("live")))
    made, config = make_workspace(root / "made", end=END.isoformat())
    for table in TABLES:
        shutil.copytree(made.root / "tables" / table, folder / "tables" / table, dirs_exist_ok=True)
    text = (folder / "intentrec.toml").read_text("utf-8").split("[events.impression]")[0]
    arms = ", ".join(
        f"{name} = {{ share = 0.5{', beta = 1.0' * ('beta' in arm)} }}" for name, arm in BETA["arms"].items()
    )
    section = (
        f"[serving.experiments.beta]\narms = {{ {arms} }}\nwindow_days = 2.0\nplanned_users = 2000\n"
        f'start = "{BETA["start"]}"\nend = "{END.isoformat()}"\nguardrails = [{{ metric = "DCAU", margin = 0.2 }}]\n'
        "[serving.experiments.check]\naa = true\n"
    )
    (folder / "intentrec.toml").write_text(text + section, "utf-8")
    assert config.serving.experiments.named["beta"].salt == "beta"
    return folder


@pytest.fixture
def served(measured: Path, tmp_path: Path) -> Iterator[Served]:
    with Served(Path(shutil.copytree(measured, tmp_path / "shop")), END + DAY) as made:
        yield made


def test_experiments_are_listed_with_what_they_are(served: Served) -> None:
    told = served.client.get("/v1/experiments").json()["experiments"]
    assert [(each["name"], each["phase"], each["aa"]) for each in told] == [
        ("beta", "over", False),
        ("check", "running", True),
    ]
    page = served.client.get("/explorer/experiments").text
    assert 'href="/explorer/experiment?name=beta"' in page
    assert 'aria-current="page">Experiments' in page


def test_a_report_over_rest_and_on_a_page_says_the_same(served: Served) -> None:
    told = served.client.get("/v1/experiments/beta").json()
    assert told["verdict"] == "ship"
    assert told["at"].startswith("2026-03-11T01:00:00")
    assert {each["metric"] for each in told["metrics"]} == {
        "CTR",
        "DCAU",
    }  # the shop does not know these items, so that they have no categories
    page = served.client.get("/explorer/experiment", params={"name": "beta"}).text
    assert "Decision: ship" in page
    assert told["reasons"][1].replace("'", "&#39;") in page
    assert "<style" not in page
    assert 'style="' not in page
    assert page.count('<svg class="drawing"') == 3  # sizes, the primary metric, the guardrail


def test_an_experiment_without_users_has_a_page_too(served: Served) -> None:
    assert "Nothing yet." in served.client.get("/explorer/experiment?name=check").text


def test_an_unknown_experiment_is_not_found(served: Served) -> None:
    answer = served.client.get("/v1/experiments/ghost")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert served.client.get("/explorer/experiment?name=ghost").status_code == 404


def test_reports_need_a_key_that_may_read(served: Served, measured: Path) -> None:
    keys = Keys(served.holder.workspace.root / KEYS_FILE)
    key = keys.add("writer", ("write",), END)
    for path in ("/v1/experiments", "/v1/experiments/beta"):
        assert served.client.get(path).status_code == 401
        assert served.client.get(path, headers={"Authorization": f"Bearer {key}"}).status_code == 403
    answer = served.client.get("/explorer/experiments", follow_redirects=False)
    assert (answer.status_code, "sign-in" in answer.headers["location"]) == (303, True)


def test_a_report_is_made_once_a_minute(served: Served) -> None:
    reports = Reports(served.holder.workspace, served.holder.config.serving)
    first = reports.get("beta", END)
    assert reports.get("beta", END + FRESH / 2) is first
    assert reports.get("beta", END + FRESH) is not first
    assert reports.get("beta", END - DAY) is not first


@pytest.mark.slow
def test_pages_are_right_in_a_browser(measured: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(measured, tmp_path / "shop"))
    with serving(folder, tmp_path) as home, chromium() as browser, tab(browser, home) as here:
        for path in ("/experiments", "/experiment?name=beta", "/experiment?name=check"):
            page = here.open(path)
            faults = Axe().run(page).response["violations"]
            assert [(each["id"], each["nodes"][0]["html"]) for each in faults] == []
        page = here.open("/experiment", name="beta")
        page.get_by_text("Numbers").first.click()
        assert page.get_by_role("table", name="Exposed users, look by look").is_visible()
        page.set_viewport_size({"width": 360, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert here.complaints == []
        assert here.elsewhere == []
