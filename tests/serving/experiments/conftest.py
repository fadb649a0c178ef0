"""The small shop, released, with experiments in its settings; each test that changes it takes a copy."""

import pytest

from experiment_served import TOML
from intentrec.serving.bundle import export_bundle
from intentrec.workspace import Workspace
from serving_shop import released


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Not to be changed."""
    workspace = released(tmp_path_factory.mktemp("experiment") / "shop")
    with workspace.config_file.open("a", encoding="utf-8") as file:
        file.write(TOML)
    export_bundle(workspace)
    return workspace
