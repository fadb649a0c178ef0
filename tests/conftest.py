"""Fixtures that many rooms share."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from intentrec.workspace import Workspace

NOW = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace."""
    return Workspace.create(tmp_path / "shop", "")
