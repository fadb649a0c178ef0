import shutil
import subprocess
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from intentrec.evaluation import Evaluation
from intentrec.evaluation.frames import (
    COMPARISON_SCHEMA,
    COSTS_SCHEMA,
    EXCLUSIVE_SCHEMA,
    EXPOSURE_SCHEMA,
    SPREAD_SCHEMA,
    SUMMARY_SCHEMA,
    SWEEP_SCHEMA,
    TAG_HITS_SCHEMA,
)
from intentrec.evaluation.tuning import TUNING_SCHEMA
from intentrec.tables import USER_METRICS

MINE, EASE, HOSTILE = (
    "mine",
    "ease",
    '<script>document.documentElement.dataset.ran = "yes"</script><img src=x onerror=x>',
)
SYSTEMS = (MINE, EASE, HOSTILE)
STRATA = ("everyone", "users: no history", "users: 1-5 events", "items: head", "items: tail")
RANKED = [f"{name}@{k}" for name, k in product(("recall", "ndcg"), (5, 10, 100))]
OVERALL = ["coverage@10", "gini@10", "novelty@10", "diversity@10", "category_diversity@10"]


def summary(rng):
    for view, system, stratum in product(("all", "new"), SYSTEMS, STRATA):
        for metric in RANKED + (OVERALL if stratum == "everyone" else []):
            value = float(rng.uniform(0.1, 0.6))
            ends = (None, None) if metric in OVERALL[:2] else (value - 0.05, value + 0.05)
            yield (system, view, stratum, metric, value, *ends, 40)


def compared(view, stratum, metric, against, difference, p, p_ranks):
    ends = (difference - 0.01, difference + 0.01)
    return (view, stratum, metric, MINE, against, difference, *ends, p, p, p_ranks, p_ranks)


@pytest.fixture(scope="session")
def found() -> Evaluation:
    """A comparison in which every part of a report has something to show; one system has a hostile name."""
    rng = np.random.default_rng(7)
    tenths = [(name, "all", n, rng.random(), rng.random(), None if n == 3 else rng.random())
              for name in SYSTEMS for n in range(1, 11)]  # fmt: skip
    alone = [(name, "all", k, 0.4, v := float(rng.uniform(0, 0.1)), v - 0.01, v + 0.01)
             for name in SYSTEMS for k in (5, 10, 100)]  # fmt: skip
    turned = [(MINE, "new", 10, knob, s, 0.4 - s / 10, 0.2, 0.5 + s / 5, 0.6 + s / 10)
              for knob in ("beta", "diversity") for s in (0.0, 0.5, 1.0)]  # fmt: skip

    def frame(schema, rows):
        return pl.DataFrame(list(rows), schema=schema, orient="row")

    tests = [
        compared("all", "everyone", "recall@100", EASE, 0.1, 0.001, 0.002),
        compared("all", "everyone", "recall@100", HOSTILE, -0.1, 0.001, 0.3),
        compared("all", "users: 1-5 events", "recall@100", EASE, -0.1, 0.001, 0.001),
        compared("all", "everyone", "ndcg@10", EASE, 0.01, 0.5, 0.6),
        compared("all", "everyone", "ndcg@10", HOSTILE, 0.01, 0.5, 0.6),
    ]
    return Evaluation(
        protocol="time",
        leaky=False,
        cut=datetime(2024, 5, 1, tzinfo=UTC),
        summary=frame(SUMMARY_SCHEMA, summary(rng)),
        per_user=USER_METRICS.empty(),
        comparisons=frame(COMPARISON_SCHEMA, tests),
        tuning=frame(TUNING_SCHEMA, [(EASE, 0, '{"l2": 1}', 0.31, False), (EASE, 1, '{"l2": 9}', 0.33, True)]),
        notes=["2 of 40 users are <new>."],
        costs=frame(COSTS_SCHEMA, [(MINE, 12.5, 0.125, 3.5), (EASE, None, 0.25, None)]),
        exposure=frame(EXPOSURE_SCHEMA, tenths),
        exclusive=frame(EXCLUSIVE_SCHEMA, alone),
        spread=frame(SPREAD_SCHEMA, [(MINE, "all", "recall@10", 3, 0.3, 0.01, 0.29, 0.31)]),
        tag_hits=frame(TAG_HITS_SCHEMA, [("users", 30, 0.4, 0.3, 0.5, 40)]),
        sweep=frame(SWEEP_SCHEMA, turned),
        about={"command": "intentrec evaluate --html 'a b.html'", "seed": "0", "data": "events 3", "package": "x 1.0",
               "machine": "2 cores"},
    )  # fmt: skip


@pytest.fixture(scope="session")
def page(found: Evaluation) -> str:
    """The comparison as a page."""
    return found.to_html()


@pytest.fixture(scope="session")
def browse(tmp_path_factory: pytest.TempPathFactory):
    """Opens a page in Chromium without a network and gives its DOM once all is drawn."""
    binary = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if binary is None:
        pytest.skip("there is no Chromium to open the page with; Debian: apt-get install chromium")
    folder = tmp_path_factory.mktemp("browser")

    def run(text: str, *options: str) -> str:
        path = folder / "page.html"
        path.write_text(text, "utf-8")
        command = [
            binary, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}/me",
            "--virtual-time-budget=60000", *options, path.as_uri(),
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, timeout=150, check=True).stdout

    return run


@pytest.fixture(scope="session")
def golden() -> Path:
    return Path(__file__).parent / "golden"
