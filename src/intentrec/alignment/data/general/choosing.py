"""Which general instructions are taken: the shop's own file, or what the base model and the rules answer."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from intentrec.alignment.data.chats import read_chats
from intentrec.alignment.data.config import AlignmentDataConfig
from intentrec.alignment.data.general.by_base import Said, general_by_base
from intentrec.alignment.data.general.by_rule import general_by_rule
from intentrec.alignment.samples import Sample
from intentrec.llm import Completion


def general(
    language: str, n: int, as_of: datetime, config: AlignmentDataConfig, by_base: Iterable[Completion[Said]] = ()
) -> list[Sample]:
    """At least `n` samples where there are so many: a file's, or the base model's answers and after them the rules'.

    Args:
        by_base: Answers of the base model to `general_requests`.

    Raises:
        DataError: The file that the settings name cannot be read.
        ConfigError: There are no instructions in this language.
    """
    if config.general_file:
        file = Path(config.general_file)
        chats = read_chats(file)
        version = f"file:{file.name}"
        return [Sample("general", "general", "none", c[:-1], c[-1].content, as_of, version) for c in chats]
    own = general_by_base(by_base, as_of)
    return [*own, *general_by_rule(language, max(n - len(own), 0), as_of, config.seed)]
