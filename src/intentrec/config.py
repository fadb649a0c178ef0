"""`intentrec.toml`: one section per room. Unknown keys are errors, and `template()` explains every key."""

import difflib
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails

from intentrec.alignment.config import AlignmentConfig
from intentrec.catalogue.config import CatalogueConfig
from intentrec.data.config import DataConfig, EventsConfig
from intentrec.encoder.config import EncoderConfig
from intentrec.errors import ConfigError
from intentrec.evaluation.config import EvaluationConfig
from intentrec.explanations.config import ExplanationsConfig
from intentrec.interests.config import InterestsConfig
from intentrec.judge.config import JudgeConfig
from intentrec.llm.config import LLMConfig
from intentrec.profiles.config import ProfilesConfig
from intentrec.retrieval.config import RetrievalConfig
from intentrec.serving.config import ServingConfig
from intentrec.settings import Section
from intentrec.tags.config import TagsConfig
from intentrec.text.config import TextConfig
from intentrec.towers.config import TowersConfig


class RunConfig(Section):
    """The daily run."""

    llm_users: int | None = Field(None, ge=0)
    """For how many users the language model writes, drawn by a hash of user_id; the others get interests and tags
    without one. Leave it out for all users. `intentrec run --users FILE` names them instead."""
    llm_down: Literal["stop", "rules"] = "stop"
    """When the language model cannot be reached: stop and publish nothing, or go on without it and say so."""
    stored_k: int = Field(100, ge=1, le=1000)
    """How many recommendations a user are stored in the table; `recommend` ranks anew and is not bound by it."""
    explained_k: int = Field(10, ge=0, le=1000)
    """Explanations are written ahead of time for items up to this place in a user's list; 0 writes none."""
    popular_days: int = Field(28, ge=1, le=3650)
    """Users without history get what was most popular in so many days."""


class Config(Section):
    """Everything that `intentrec.toml` can say."""

    language: Literal["en", "ru"] = "en"
    """Language of prompts, interests, tags and reasons."""
    run: RunConfig = RunConfig()
    data: DataConfig = DataConfig()
    events: EventsConfig = EventsConfig()
    llm: LLMConfig = LLMConfig()
    text: TextConfig = TextConfig()
    catalogue: CatalogueConfig = CatalogueConfig()
    profiles: ProfilesConfig = ProfilesConfig()
    interests: InterestsConfig = InterestsConfig()
    tags: TagsConfig = TagsConfig()
    encoder: EncoderConfig = EncoderConfig()
    towers: TowersConfig = TowersConfig()
    retrieval: RetrievalConfig = RetrievalConfig()
    explanations: ExplanationsConfig = ExplanationsConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    judge: JudgeConfig = JudgeConfig()
    alignment: AlignmentConfig = AlignmentConfig()
    serving: ServingConfig = ServingConfig()


def load_config(file: Path) -> Config:
    """The settings of a workspace.

    Raises:
        ConfigError: The file is not TOML, or holds an unknown key or a value out of range; names file, key and value.
    """
    try:
        return parse_config(tomllib.loads(file.read_text("utf-8")), str(file))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not valid TOML: {error}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}.") from error


def parse_config(values: dict[str, Any], source: str) -> Config:
    """Settings from plain values; `source` is named in errors."""
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(f"{source}: " + "; ".join(_sentence(fault) for fault in error.errors()) + ".") from error


def _sentence(fault: ErrorDetails) -> str:
    where = [str(part) for part in fault["loc"]]
    key = ".".join(where)
    if fault["type"] == "extra_forbidden":
        near = difflib.get_close_matches(where[-1], _keys_at(where[:-1]), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "`intentrec init` writes a file with all keys."
        return f"there is no setting {key!r}; {hint}".rstrip(".")
    return f"setting {key!r} is {fault['input']!r}: {fault['msg'].lower()}"


def _keys_at(where: list[str]) -> list[str]:
    model: type[BaseModel] = Config
    for part in where:
        field = model.model_fields.get(part)
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return []
        model = field.annotation
    return list(model.model_fields)


def template(settings: dict[str, Any] | None = None) -> str:
    """A complete `intentrec.toml`: every key with its meaning, defaults commented out, `settings` filled in."""
    settings = settings or {}
    lines = ["# Settings of one intentrec workspace. A line that begins with # shows a default.", ""]
    for name, field in Config.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if not isinstance(default, BaseModel):
            lines += [*_comment(field.description), _line(name, default, settings), ""]
            continue
        lines += [*_comment(type(default).__doc__), f"[{name}]"]
        lines += list(_section(default, settings.get(name, {})))
        lines.append("")
    return "\n".join(lines)


def _section(default: BaseModel, settings: dict[str, Any]) -> Iterator[str]:
    for key, field in type(default).model_fields.items():
        if key == "root":  # kinds of events are named by the user
            yield from (f"# {kind} = {_toml(value)}" for kind, value in getattr(default, key).items())
            yield from (f"{kind} = {_toml(value)}" for kind, value in settings.items())
            return
        yield from _comment(field.description)
        yield _line(key, getattr(default, key), settings)
    nested = {key: value for key, value in settings.items() if key not in type(default).model_fields}
    if nested:
        raise ConfigError(f"There are no settings {sorted(nested)} in this section.")


def _line(key: str, default: Any, settings: dict[str, Any]) -> str:
    if key in settings:
        return f"{key} = {_toml(settings[key])}"
    return f"# {key} =" if default is None else f"# {key} = {_toml(default)}"


def _toml(value: Any) -> str:
    """A value as TOML writes it on one line."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(str(key))} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, str | bool | int | float):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(str(value))


def _comment(text: str | None) -> list[str]:
    first = " ".join((text or "").split("\n\n")[0].split())
    return [f"# {line}" for line in wrap(first, 110)]
