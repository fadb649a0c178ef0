"""One released shop, and a ranking over it beside which a test puts what is live."""

import pytest

from intentrec.config import Config, load_config
from intentrec.pipeline.recommender import Recommender
from intentrec.serving.bundle import Bundle, export_bundle
from intentrec.serving.ranking import Ranking
from intentrec.workspace import Workspace
from live_world import HeldLive
from served_world import released, served_shop
from shop_world import Shop


@pytest.fixture(scope="session")
def served() -> Shop:
    """The world; frames are immutable, so one serves all tests."""
    return served_shop()


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory, served: Shop) -> Workspace:
    """A workspace with a release; tests publish further ones of the same tables."""
    return released(tmp_path_factory.mktemp("ranked"), served)[0]


@pytest.fixture(scope="session")
def config(workspace: Workspace) -> Config:
    """Settings of the server."""
    return load_config(workspace.config_file)


@pytest.fixture(scope="session")
def recommender(workspace: Workspace) -> Recommender:
    """The pipeline's own reader of the release."""
    return Recommender(workspace, "r0001")


@pytest.fixture(scope="session")
def bundle(workspace: Workspace) -> Bundle:
    """Its bundle."""
    return Bundle.open(export_bundle(workspace, workspace.releases.get("r0001")))


@pytest.fixture
def live() -> HeldLive:
    """Nothing yet."""
    return HeldLive()


@pytest.fixture
def ranking(bundle: Bundle, live: HeldLive, config: Config) -> Ranking:
    """The shop's lists."""
    return Ranking(bundle, live, config)  # type: ignore[arg-type]
