"""Users whose intent drifted get profile, interests and tags at once, by the functions of the daily run."""

from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import orjson
import polars as pl

from intentrec.catalogue import CatalogueResult, extend_catalogue
from intentrec.config import Config
from intentrec.errors import BudgetExceeded, LLMError
from intentrec.llm import open_model
from intentrec.pipeline.adapters import with_adapters
from intentrec.pipeline.chain import Tools, make_interests, make_profiles, make_tags
from intentrec.pipeline.inputs import Inputs, load_inputs
from intentrec.progress import SILENT
from intentrec.serving.live.coverage import Coverage
from intentrec.serving.live.drifters import Histories, candidates, drifters, histories
from intentrec.serving.live.encoding import micros
from intentrec.serving.live.store import LiveStore
from intentrec.serving.live.writes import put_refreshed
from intentrec.text.clusters import unit
from intentrec.text.embeddings import Embedder, open_embedder
from intentrec.workspace import Manifest, Workspace


class Refresher:
    """Asks of users with new events whether they drifted, and writes anew for those who did."""

    def __init__(self, workspace: Workspace, config: Config, store: LiveStore) -> None:
        self._workspace, self._store = workspace, store
        # A refresh is due now, whatever the cycle of the daily run, and drift has shown that a burst of one day counts.
        profiles = config.profiles.model_copy(update={"refresh_days": 1})
        interests = config.interests.model_copy(update={"min_days": 1})
        self._config = config.model_copy(update={"profiles": profiles, "interests": interests})
        self._embedder: Embedder | None = None
        self._release, self._seen = "", 0

    def forget(self) -> None:
        """Let go of everything that was read: an erasure has changed it."""
        self._embedder = None

    def step(self, manifest: Manifest, now: datetime) -> dict[str, int]:
        """Refresh those who drifted; how many were asked about and how many refreshed."""
        if self._release != manifest.fingerprint:  # another release covers other events
            self._release, self._seen = manifest.fingerprint, 0
        coverage, last = Coverage.of(self._workspace, manifest), int(self._store.fact("n", 0))
        users = candidates(self._store, self._config, coverage, self._seen, now)
        refreshed = self._refresh(manifest, coverage, users, now) if users else 0
        self._seen = last
        return {name: n for name, n in {"asked": len(users), "refreshed": refreshed}.items() if n}

    def _refresh(self, manifest: Manifest, coverage: Coverage, users: Sequence[str], now: datetime) -> int:
        found = histories(self._workspace, self._store, coverage, users, now)
        catalogue = self._catalogue(manifest, found, now)
        categories = dict(catalogue.select("item_id", "category").iter_rows())
        drifted = drifters(found, categories, self._config)
        if not drifted:
            return 0
        rows = self._written(manifest, found, catalogue, drifted, now)
        return self._keep(rows, found, now)

    def _catalogue(self, manifest: Manifest, found: Histories, now: datetime) -> pl.DataFrame:
        """The release's catalogue, with rows for items that came since and were touched."""
        known = self._workspace.read_release("catalogue", manifest)
        touched = found.events.select("item_id").drop_nulls().unique().join(known, on="item_id", how="anti")
        items = self._workspace.read("items")
        new = items.join(touched, on="item_id", how="semi")
        if new.is_empty():
            return known
        embedder = self._open_embedder()
        vectors = unit(embedder.embed(known["name"].to_list()) + embedder.embed(known["phrase"].to_list()))
        base = CatalogueResult(known, self._workspace.read_release("pool", manifest), vectors)
        both = pl.concat([items.join(known, on="item_id", how="semi"), new])
        return extend_catalogue(base, both, embedder, self._config.catalogue, now).catalogue

    def _written(
        self, manifest: Manifest, found: Histories, catalogue: pl.DataFrame, drifted: Sequence[str], now: datetime
    ) -> dict[str, pl.DataFrame]:
        """Rows of profiles, interests and tags of the drifted."""
        shop = load_inputs(self._workspace, now)
        named = pl.col("item_id").is_in(catalogue["item_id"].implode()).fill_null(value=True)
        own = found.events.filter(pl.col("user_id").is_in(list(drifted)), named)
        shop = replace(shop, events=pl.concat([shop.events, own.filter(pl.col("row") < 0)], how="diagonal"))
        mine = replace(shop, events=own)
        pool = self._workspace.read_release("pool", manifest)
        llm = with_adapters(self._workspace, self._config).llm
        model = open_model(llm, self._workspace.ledger) if self._with_model else None
        with nullcontext() if model is None else closing(model):
            tools = Tools(self._config, self._open_embedder(), model, None, SILENT)
            try:
                return _chain(tools, shop, mine, catalogue, pool)
            except (LLMError, BudgetExceeded):
                return _chain(tools.without_model(), shop, mine, catalogue, pool)

    @property
    def _with_model(self) -> bool:
        return self._config.serving.refresh_with_model

    def _open_embedder(self) -> Embedder:
        if self._embedder is None:
            self._embedder = open_embedder(self._config.text, self._workspace.cache, SILENT)
        return self._embedder

    def _keep(self, rows: dict[str, pl.DataFrame], found: Histories, now: datetime) -> int:
        kept = 0
        for user_id in rows["interests"]["user_id"].unique().sort():
            mine = {name: frame.filter(pl.col("user_id") == user_id).to_dicts() for name, frame in rows.items()}
            body, until = orjson.dumps(_body(mine)).decode(), found.until[user_id]
            kept += self._store.write(partial(put_refreshed, user_id=user_id, until=until, body=body, at=micros(now)))
        return kept


def _chain(
    tools: Tools, shop: Inputs, mine: Inputs, catalogue: pl.DataFrame, pool: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    profiles = make_profiles(tools, mine, catalogue).table
    interests = make_interests(tools, mine, catalogue, pool, profiles).table
    tags = make_tags(tools, shop, catalogue, profiles, interests).table
    return {"profiles": profiles, "interests": interests, "tags": tags}


def _body(rows: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    profile = {name: rows["profiles"][0][name] for name in ("text", "lines")}
    return {"profile": profile, "interests": rows["interests"], "tags": rows["tags"]}
