"""A small shop with a release and its bundle, and ways to publish further ones without running a day again."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from intentrec.pipeline.daily import RunOptions, run_day
from intentrec.progress import SILENT
from intentrec.serving.bundle import export_bundle
from intentrec.workspace import Manifest, Workspace
from shop_world import NOW, Settings, make_shop, open_shop

LATER = datetime(2025, 6, 1, 12, tzinfo=UTC)
"""The time on the wall while it is served."""


def released(root: Path, settings: Settings | None = None) -> Workspace:
    """A workspace with one release and its bundle. Takes seconds: make it once, then `copied`."""
    workspace, config = open_shop(root, make_shop(), settings=settings)
    run_day(workspace, config, RunOptions(), now=lambda: NOW, progress=SILENT)
    export_bundle(workspace)
    return workspace


def copied(workspace: Workspace, root: Path, serving: str = "") -> Workspace:
    """The same workspace elsewhere, with lines of TOML for its `[serving]` section."""
    shutil.copytree(workspace.root, root, ignore=shutil.ignore_patterns("live", "metrics"))
    copy = Workspace(root)
    text = copy.config_file.read_text("utf-8")
    copy.config_file.write_text(text.replace("[serving]\n", f"[serving]\n{serving}\n"), "utf-8")
    return copy


def published_again(workspace: Workspace) -> Manifest:
    """The current release once more, under the next name."""
    return workspace.releases.publish(workspace.release())
