import pytest

from encoder_world import save_bert, save_llama, tiny, trained
from intentrec.encoder.backbone import open_backbone


@pytest.fixture(scope="session")
def bert(tmp_path_factory):
    """Folder of a tiny model that reads both ways."""
    folder = tmp_path_factory.mktemp("bert")
    save_bert(folder)
    return folder


@pytest.fixture(scope="session")
def calm(tmp_path_factory):
    """The same without dropout."""
    folder = tmp_path_factory.mktemp("calm")
    save_bert(folder, dropout=0.0)
    return folder


@pytest.fixture(scope="session")
def llama(tmp_path_factory):
    """Folder of a tiny model that reads from left to right."""
    folder = tmp_path_factory.mktemp("llama")
    save_llama(folder)
    return folder


@pytest.fixture(scope="session")
def vocabulary(bert):
    return open_backbone(tiny(bert)).vocabulary


@pytest.fixture(scope="session")
def encoder(bert):
    """Trained on the planted shop."""
    return trained(tiny(bert))
