"""The words of general instructions in a language."""

import hashlib
import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any

from intentrec.errors import ConfigError


@lru_cache
def texts_of(language: str) -> dict[str, Any]:
    """The contents of `prompts/general.<language>.toml`.

    Raises:
        ConfigError: There are none in this language.
    """
    return tomllib.loads(_source(language))


@lru_cache
def version_of(language: str) -> str:
    """Name and hash of the file, as prompts have them."""
    return f"general.{language}@{hashlib.sha256(_source(language).encode()).hexdigest()[:8]}"


def _source(language: str) -> str:
    file = files("intentrec.alignment.data") / "prompts" / f"general.{language}.toml"
    if not file.is_file():
        raise ConfigError(f"There are no general instructions in language {language!r}. Set `language` to en or ru.")
    return file.read_text("utf-8")
