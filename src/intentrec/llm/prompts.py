"""Prompt files: rendered to messages, versioned by their content.

A file holds parts, each opened by a line `=== system`, `=== user` or `=== assistant`. The parts are split before
values are put in, so a value can never open one.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, cast

import jinja2

from intentrec.errors import ConfigError
from intentrec.llm.messages import Message

Role = Literal["system", "user", "assistant"]
_PART = re.compile(r"^=== (system|user|assistant)[ \t]*$", re.MULTILINE)
_SPACE = re.compile(r"\s+")
_EQUALS = re.compile(r"={2,}")
# Chat templates are tokenised with their control tokens alive (<|im_end|>, </s>, [INST]), so no text from outside
# may hold the signs they are made of. « and » are our own fence.
_SIGNS = str.maketrans({"«": '"', "»": '"', "<": "(", ">": ")", "[": "(", "]": ")"})


def fence(text: object, limit: int) -> str:
    """Text from outside as one harmless line of at most `limit` characters between « and ».

    Line breaks and control, format and private characters become spaces; the fence itself, the signs of chat
    templates and runs of "=" are replaced; what is too long ends in "…".
    """
    normal = unicodedata.normalize("NFKC", str(text))
    printable = "".join(" " if unicodedata.category(sign) in _UNPRINTABLE else sign for sign in normal)
    line = _SPACE.sub(" ", _EQUALS.sub("=", printable.translate(_SIGNS))).strip()
    return f"«{line if len(line) <= limit else line[: max(limit - 1, 0)].rstrip() + '…'}»"


_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def _environment() -> jinja2.Environment:
    # No autoescape: this is not HTML, `fence` is the escape. No loader: a file that includes another one would
    # change without its version changing.
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["fence"] = fence
    return environment


_ENVIRONMENT = _environment()


@dataclass(frozen=True)
class Prompt:
    """One prompt file in one language.

    Attributes:
        version: "room/name.language@hash", with 8 hex digits of the file's sha256.
    """

    version: str
    parts: tuple[tuple[Role, jinja2.Template], ...]

    @classmethod
    def load(cls, package: str, name: str, language: str) -> "Prompt":
        """The file `prompts/<name>.<language>.jinja` of a package, e.g. ("intentrec.interests", "choose", "en").

        Raises:
            ConfigError: There is no such file; the message names the languages that exist.
        """
        folder = files(package) / "prompts"
        path = folder / f"{name}.{language}.jinja"
        if not path.is_file():
            there = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
            languages = [entry.split(".")[1] for entry in there if entry.startswith(f"{name}.")]
            raise ConfigError(
                f"There is no prompt {name!r} in language {language!r} in {package}; "
                f"there is: {', '.join(languages) or 'none'}. Set `language` to one of them."
            )
        return cls.parse(path.read_text(encoding="utf-8"), f"{package.rsplit('.', 1)[-1]}/{name}.{language}")

    @classmethod
    def parse(cls, source: str, name: str) -> "Prompt":
        """A prompt from its text; the name becomes the version, with the hash of the text."""
        before, *parts = _PART.split(source)
        if before.strip() or not parts:
            raise ConfigError(f"Prompt {name} must begin with a line '=== system' or '=== user'.")
        digest = hashlib.sha256(source.encode()).hexdigest()[:8]
        compiled = [_ENVIRONMENT.from_string(text.strip()) for text in parts[1::2]]
        return cls(f"{name}@{digest}", tuple(zip(cast("list[Role]", parts[::2]), compiled, strict=True)))

    def render(self, **values: object) -> tuple[Message, ...]:
        """The messages with the values put in; a value the file names and that is not given is an error."""
        return tuple(Message(role=role, content=part.render(values).strip()) for role, part in self.parts)
