"""Stage 4 wired: towers trained on the log, and the weight of user against tags fitted on days they have not seen."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.errors import ConfigError
from intentrec.pipeline.chain import Tools, make_chain
from intentrec.pipeline.channel import Channel
from intentrec.pipeline.encoder import weights_of
from intentrec.pipeline.inputs import Inputs
from intentrec.pipeline.ranker import Ranker, popular_items
from intentrec.pipeline.steps import StepOutput
from intentrec.retrieval import BetaByActivity, fit_beta
from intentrec.retrieval.memory import events_of
from intentrec.tables import VECTORS

if TYPE_CHECKING:
    from intentrec.towers import Towers

# Enough users for a stable choice among a handful of weights; more would only cost time.
_BETA_USERS = 1000
_SPREAD_SAMPLE = 512


def train_towers(
    tools: Tools, inputs: Inputs, catalogue: pl.DataFrame, tags: pl.DataFrame, channel: Channel | None = None
) -> StepOutput:
    """Vectors of all items, users and tags, the trained towers, and the weights of user against tags.

    Args:
        tools: Settings, embedder and progress.
        inputs: As of the day.
        catalogue: Rows of `CATALOGUE`.
        tags: Rows of `TAGS`.
        channel: The encoder, where the settings use it.

    Raises:
        ConfigError: The settings leave out the part that tags need; said before anything is trained.
    """
    if "pooled" not in tools.config.towers.parts:
        raise ConfigError('The tags of a daily run need the tag tower; add "pooled" to towers.parts.')
    uses = tools.config.encoder.use if channel else ()
    towers = _fitted(tools, inputs, catalogue, channel if "text" in uses else None)
    beside = channel if "channel" in uses else None
    if beside is not None:
        towers = beside.weighed(towers, inputs)
    maker = _Vectors(tools, channel if "text" in uses else None, beside)
    beta = _beta(tools, inputs, towers.held_out, maker)
    vectors, scale = maker.of(towers, inputs, tags)
    last = [epoch.recall for epoch in towers.history if epoch.recall is not None]
    return StepOutput(
        tables={"vectors": vectors},
        artefacts={"towers": towers.save},
        counts={"items": len(towers.items), "epochs": len(towers.history)},
        facts={
            "beta": asdict(beta),
            "model_version": towers.version,
            "tag_scale": scale,
            "encoder_width": len(vectors["vector"][0]) - towers.width if len(vectors) else 0,
            "validation_recall": max((recall.score for recall in last), default=None),
        },
    )


def _fitted(tools: Tools, inputs: Inputs, catalogue: pl.DataFrame, encoder: Channel | None) -> "Towers":
    """Towers whose text features are of the embedder, or of the encoder where it is given."""
    from intentrec.towers import fit

    items = inputs.items.drop("category", strict=False).join(
        catalogue.select("item_id", "category"), on="item_id", how="left", maintain_order="left"
    )
    embed = tools.embedder.embed if encoder is None else encoder.texts
    by_text = tools.config.towers.tag_tower == "text"
    return fit(
        inputs.events,
        items,
        as_of=inputs.as_of,
        kinds=weights_of(tools.config),
        config=tools.config.towers,
        item_tags=catalogue,
        item_text=embed(items["title"].to_list()) if tools.config.towers.item_text else None,
        tag_text=embed(catalogue["phrase"].to_list()) if by_text else None,
        progress=tools.progress,
    )


@dataclass(frozen=True)
class _Vectors:
    """Makes the rows of `VECTORS`.

    Attributes:
        text: Reads tags in place of the embedder; None for the embedder.
        beside: Adds its coordinates to those of the towers; None for the towers alone.
    """

    tools: Tools
    text: Channel | None
    beside: Channel | None

    def of(self, towers: "Towers", inputs: Inputs, tags: pl.DataFrame) -> tuple[pl.DataFrame, float]:
        """Vectors of all items, users and tags as of the inputs' moment, and what those of tags were multiplied by."""
        items, item_vectors = towers.item_vectors()
        users = inputs.events["user_id"].unique().sort().to_list()
        words = tags["tag"].unique().sort().to_list()
        embed = self.tools.embedder.embed if self.text is None else self.text.texts
        text = embed(words) if towers.config.tag_tower == "text" else None
        user_vectors, tag_vectors = towers.user_vectors(inputs.events, users), towers.tag_vectors(words, text)
        scale = scale_of_tags(user_vectors, tag_vectors, item_vectors)
        tag_vectors = tag_vectors * scale
        if self.beside is not None:
            of_items, of_users = self.beside.beside(towers, inputs, items, users)
            item_vectors = np.concatenate([item_vectors, of_items], axis=1)
            user_vectors = np.concatenate([user_vectors, of_users], axis=1)
            tag_vectors = np.pad(tag_vectors, ((0, 0), (0, of_items.shape[1])))
        parts = [("item", items, item_vectors), ("user", users, user_vectors), ("tag", words, tag_vectors)]
        frames = [_rows(kind, ids, vectors, towers.version) for kind, ids, vectors in parts]
        return pl.concat([VECTORS.empty(), *frames]), float(scale)


def scale_of_tags(users: NDArray[np.float32], tags: NDArray[np.float32], items: NDArray[np.float32]) -> np.float32:
    """What tag vectors are multiplied by so that their scores spread over the items as users' scores do.

    The two losses never see each other's scores: nothing in the training gives `beta * user + (1 - beta) * tag`
    (RecGPT-V1, section 2.3.3) a common scale. Without one, whatever spreads more decides the order, at any beta.

    Args:
        users: (U, D).
        tags: (T, D).
        items: (N, D).
    """
    if not len(users) or not len(tags):
        return np.float32(1.0)
    spread = [_spread(vectors, items) for vectors in (users, tags)]
    return np.float32(spread[0] / spread[1]) if spread[1] > 0 else np.float32(1.0)


def _spread(vectors: NDArray[np.float32], items: NDArray[np.float32]) -> float:
    """Median over vectors of the standard deviation of their scores; a fixed sample of the vectors is enough."""
    sample = vectors[:: max(1, len(vectors) // _SPREAD_SAMPLE)]
    return float(np.median((sample @ items.T).std(axis=1)))


def _rows(kind: str, ids: list[str], vectors: NDArray[np.float32], version: str) -> pl.DataFrame:
    columns = {"id": ids, "vector": pl.Series(vectors, dtype=pl.Array(pl.Float32, vectors.shape[1]))}
    frame = pl.DataFrame(columns, schema_overrides={"id": pl.String}).cast({"vector": pl.List(pl.Float32)})
    return frame.select(kind=pl.lit(kind), id="id", vector="vector", model_version=pl.lit(version))


def _beta(tools: Tools, inputs: Inputs, held_out: "Towers | None", maker: _Vectors) -> BetaByActivity:
    """A fixed weight where the settings say so; else the best of each activity bucket on the validation window.

    The towers of `held_out` have not seen that window, and the tags are made without a language model as of its
    beginning: what is fitted never knows what it is judged by.
    """
    config = tools.config.retrieval
    if config.beta != "fit":
        return BetaByActivity.fixed(config.beta)
    if held_out is None:
        return BetaByActivity.fixed(1.0)
    past = inputs.before(held_out.as_of)
    chain = make_chain(tools.without_model(), past)
    targets = _targets(tools, inputs, held_out.as_of)
    users = targets["user_id"].unique(maintain_order=True).to_list()
    if not users:
        return BetaByActivity.fixed(1.0)
    vectors, _ = maker.of(held_out, past, chain.tags)
    popular = popular_items(past.events, past.as_of, tools.config.run.popular_days)
    ranker = Ranker.build(
        vectors,
        chain.tags,
        BetaByActivity.fixed(1.0),
        past.events,
        config,
        popular,
        remembered=held_out.remembered,
        as_of=past.as_of,
    )

    def quality(beta: float) -> NDArray[np.float64]:
        weighted = replace(ranker, betas=np.full_like(ranker.betas, beta))
        return _ndcg(weighted, users, targets, tools.config.towers.recall_at)

    activity = events_of(past.events, users)
    return fit_beta(quality, activity, config.beta_grid, config.activity_edges, config.beta_tolerance)


def _targets(tools: Tools, inputs: Inputs, cut: datetime) -> pl.DataFrame:
    """Items that returning users wanted for the first time in the validation window: `user_id`, `item_id`."""
    end = cut + timedelta(days=tools.config.towers.validation_days)
    wanted = inputs.events.filter(pl.col("event").is_in(tools.config.events.named("intent"))).drop_nulls("item_id")
    later = wanted.filter(pl.col("timestamp").is_between(cut, end, closed="left"))
    before = inputs.events.filter(pl.col("timestamp") < cut)
    pairs = (
        later.select("user_id", "item_id")
        .unique(maintain_order=True)
        .join(before.select("user_id").unique(), on="user_id", how="semi")
        .join(before.select("user_id", "item_id").unique(), on=["user_id", "item_id"], how="anti")
    )
    chosen = sorted(pairs["user_id"].unique().to_list(), key=lambda user: sha256(user.encode()).digest())
    return pairs.filter(pl.col("user_id").is_in(chosen[:_BETA_USERS])).sort("user_id", "item_id")


def _ndcg(ranker: Ranker, users: list[str], targets: pl.DataFrame, k: int) -> NDArray[np.float64]:
    """NDCG of each user's served list of `k`, (U,): hits at the head count more, so the tags cannot push them down."""
    lists = ranker.recommend(users, k).select("user_id", "item_id", gain=1.0 / (pl.col("rank") + 1).log(2.0))
    gains = targets.join(lists, on=["user_id", "item_id"], how="left").group_by("user_id")
    found = gains.agg(pl.col("gain").sum(), pl.len().clip(upper_bound=k).alias("n"))
    frame = pl.DataFrame({"user_id": users}).join(found, on="user_id", how="left", maintain_order="left")
    ideal = np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))
    shares: NDArray[np.float64] = frame["gain"].to_numpy() / ideal[frame["n"].to_numpy() - 1]
    return shares
