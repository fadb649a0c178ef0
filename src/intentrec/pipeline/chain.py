"""Stages 1 to 3 wired together, in memory: what each gets from the one before."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import polars as pl

from intentrec.catalogue import CatalogueResult, build_catalogue, catalogue_as_of, extend_catalogue
from intentrec.config import Config
from intentrec.interests import InterestsConfig, infer_interests
from intentrec.llm import LanguageModel
from intentrec.pipeline.draws import draws_of
from intentrec.pipeline.inputs import Inputs
from intentrec.profiles import build_profiles
from intentrec.progress import Progress
from intentrec.stages import StageResult
from intentrec.tags import TagsConfig, predict_tags
from intentrec.text.embeddings import Embedder
from intentrec.text.tokens import token_counter

WithIgnored = TypeVar("WithIgnored", InterestsConfig, TagsConfig)


@dataclass(frozen=True)
class Tools:
    """What stages work with, beside their tables.

    Attributes:
        model: None where everything is made without a language model.
        llm_users: For whom the model writes; None means everybody.
    """

    config: Config
    embedder: Embedder
    model: LanguageModel | None
    llm_users: frozenset[str] | None
    progress: Progress

    def without_model(self) -> "Tools":
        """The same tools, with rules and embeddings only."""
        return replace(self, model=None)


@dataclass(frozen=True)
class Chain:
    """Everything up to the tags, as of one time."""

    catalogue: pl.DataFrame
    pool: pl.DataFrame
    profiles: pl.DataFrame
    interests: pl.DataFrame
    tags: pl.DataFrame


def period_start(config: Config, inputs: Inputs) -> datetime:
    """When the current refresh period of the catalogue began: what the whole shop knows is counted as of then."""
    return catalogue_as_of(inputs.as_of, config.catalogue.refresh_days, inputs.first_event())


def make_catalogue(tools: Tools, inputs: Inputs) -> CatalogueResult:
    """The catalogue as of the beginning of its refresh period, extended by the items that came since.

    What the catalogue calls things changes only once in a period, so that one more day of events does not change the
    prompts of users who did nothing.
    """
    config = tools.config.catalogue
    since = period_start(tools.config, inputs)
    base = inputs.before(since)
    result = build_catalogue(base.items, base.events, tools.embedder, config, since)
    return extend_catalogue(result, inputs.items, tools.embedder, config, inputs.as_of)


def make_profiles(tools: Tools, inputs: Inputs, catalogue: pl.DataFrame) -> StageResult:
    """Stage 1."""
    config = tools.config
    count = token_counter(config.text)
    return build_profiles(inputs.events, inputs.users, catalogue, config.events, config.profiles, count, inputs.as_of)


def make_interests(
    tools: Tools, inputs: Inputs, catalogue: pl.DataFrame, pool: pl.DataFrame, profiles: pl.DataFrame
) -> StageResult:
    """Stage 2."""
    return infer_interests(
        profiles,
        tools.config.events.weigh(inputs.events),
        catalogue,
        pool,
        tools.embedder,
        with_roles(tools.config.interests, tools.config),
        tools.config.language,
        inputs.as_of,
        tools.model,
        tools.llm_users,
        tools.progress,
    )


def with_roles(section: WithIgnored, config: Config) -> WithIgnored:
    """Settings in which every kind of event with a negative role shows no wish, beside those that they name."""
    ignored = sorted({*section.ignored_events, *config.events.named("negative")})
    return section.model_copy(update={"ignored_events": tuple(ignored)})


def make_tags(
    tools: Tools, inputs: Inputs, catalogue: pl.DataFrame, profiles: pl.DataFrame, interests: pl.DataFrame
) -> StageResult:
    """Stage 3."""
    with draws_of(tools.model, tools.config) as draw:
        return predict_tags(
            profiles,
            interests,
            inputs.events,
            catalogue,
            tools.embedder,
            with_roles(tools.config.tags, tools.config),
            tools.config.language,
            inputs.as_of,
            tools.model,
            tools.llm_users,
            tools.progress,
            inputs.brands(),
            period_start(tools.config, inputs),
            draw,
        )


def make_chain(tools: Tools, inputs: Inputs) -> Chain:
    """All of it in one go, stored nowhere: for validation windows and estimates."""
    catalogue = make_catalogue(tools, inputs)
    profiles = make_profiles(tools, inputs, catalogue.catalogue).table
    interests = make_interests(tools, inputs, catalogue.catalogue, catalogue.pool, profiles).table
    tags = make_tags(tools, inputs, catalogue.catalogue, profiles, interests).table
    return Chain(catalogue.catalogue, catalogue.pool, profiles, interests, tags)
