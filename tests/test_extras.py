"""A missing package is one clear sentence."""

import sys

import pytest

from intentrec.errors import MissingExtra
from intentrec.extras import INSTALL, lazily, require


def test_an_installed_package_is_returned() -> None:
    assert require("torch", "tests").__name__ == "torch"


@pytest.mark.parametrize("module", sorted(INSTALL))
def test_a_missing_package_names_the_command_that_installs_it(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name == module or name.startswith(f"{module}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(MissingExtra, match="is needed for a test and is not installed. Run: pip install") as error:
        require(module, "a test")
    assert INSTALL[module] in str(error.value)


def test_a_fault_inside_a_package_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(name: str, *_: object) -> object:
        raise ModuleNotFoundError("no tokenizers", name="tokenizers")

    monkeypatch.setattr("importlib.import_module", fails)
    with pytest.raises(ModuleNotFoundError, match="no tokenizers"):
        require("torch", "tests")


def test_a_lazy_name_is_the_one_of_its_module() -> None:
    found = lazily("intentrec", {"MissingExtra": "errors"})
    assert found("MissingExtra") is MissingExtra
    with pytest.raises(AttributeError, match="module 'intentrec' has no attribute 'nothing'"):
        found("nothing")


def test_a_lazy_name_that_needs_a_missing_package_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "faiss", raising=False)
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(MissingExtra, match="needed for a test"):
        lazily("intentrec", {"MissingExtra": "errors"}, "faiss", "a test")("MissingExtra")
