import pytest

from align_models import save_tiny


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """Folder of a tiny model."""
    return str(save_tiny(tmp_path_factory.mktemp("base")))
