"""What is read of behaviour before anything is written: touches, the pool, and what the rules make of them."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from intentrec.interests.config import InterestsConfig
from intentrec.interests.naming import Pool
from intentrec.interests.rules import RuleInterests, interests_by_rules
from intentrec.interests.touches import Touches, find_touches
from intentrec.text.embeddings import Embedder
from intentrec.text.phrases import fit_phrases


@dataclass(frozen=True)
class Behaviour:
    """What every way of writing starts from."""

    touches: Touches
    pool: Pool
    rules: RuleInterests


def read_behaviour(
    profiles: pl.DataFrame,
    events: pl.DataFrame,
    catalogue: pl.DataFrame,
    pool: pl.DataFrame,
    embedder: Embedder,
    config: InterestsConfig,
    language: str,
    as_of: datetime,
) -> Behaviour:
    """The behaviour of everyone with a profile; arguments as in `infer_interests`."""
    touches = find_touches(profiles, events, catalogue, embedder, config, as_of)
    names = pool["interest"].unique().sort().to_list()
    listed = Pool(names, embedder.embed(names))
    phrases = fit_phrases(catalogue["name"].sort().to_list())
    return Behaviour(touches, listed, interests_by_rules(touches, listed, phrases, embedder, config, language))
