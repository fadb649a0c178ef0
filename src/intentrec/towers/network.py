"""The three towers as modules. A vector is `width` coordinates of what a thing is, then `context_width` of demand."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag, softplus

from intentrec.towers.catalogue import DEMAND_SIZES, SALES_DAYS
from intentrec.towers.config import TowersConfig
from intentrec.towers.histories import ACTIVITY_WIDTH, n_pools

_TEXT_WIDTH = 32
_EPS = 1e-6


@dataclass(frozen=True)
class Sizes:
    """How large the tables of a network are: what, beside the config, is needed to build one.

    Attributes:
        n_items: Items.
        n_users: Users with an id embedding.
        n_kinds: Kinds of events.
        fixed: Codes of each fixed item feature.
        text: Length of an item's text vector, 0 for none.
        n_words: Words of the tag tower, or 0.
        tag_text: Length of a tag's text vector, 0 for none.
    """

    n_items: int
    n_users: int
    n_kinds: int
    fixed: tuple[int, ...]
    text: int
    n_words: int
    tag_text: int


class ItemTower(nn.Module):
    """id, category, brand, price, age, sales and perhaps text -> (N, width + context_width)."""

    def __init__(self, sizes: Sizes, config: TowersConfig) -> None:
        super().__init__()
        self.width = config.width
        self.ids = nn.Embedding(sizes.n_items, config.width)
        nn.init.normal_(self.ids.weight, std=1 / math.sqrt(config.width))
        codes = (*sizes.fixed, *DEMAND_SIZES)
        self.features = nn.ModuleList(nn.Embedding(size, config.feature_width) for size in codes)
        self.text = nn.Linear(sizes.text, _TEXT_WIDTH) if sizes.text else None
        inputs = len(codes) * config.feature_width + len(SALES_DAYS) + (_TEXT_WIDTH if sizes.text else 0)
        self.network = nn.Sequential(
            nn.Linear(inputs, config.hidden), nn.ReLU(), _zero(config.hidden, config.width + config.context_width)
        )

    def forward(self, codes: Tensor, ratios: Tensor, text: Tensor | None) -> Tensor:
        """Vectors of all items.

        Args:
            codes: Fixed features and demand buckets, (N, F).
            ratios: (N, 4).
            text: (N, T), None without text.
        """
        parts = [table(codes[:, column]) for column, table in enumerate(self.features)]
        parts.append(ratios)
        if self.text is not None and text is not None:
            parts.append(self.text(text))
        out = self.network(torch.cat(parts, dim=1))
        return torch.cat([self.ids.weight + out[:, : self.width], out[:, self.width :]], dim=1)


class UserTower(nn.Module):
    """Pooled item vectors, activity and perhaps an id -> (B, width + context_width).

    The pools reach the output twice: weighted by a gate that reads the activity, and through a network. The first path
    makes a user like their own items from the first step on.
    """

    def __init__(self, sizes: Sizes, config: TowersConfig) -> None:
        super().__init__()
        self.width, n = config.width, n_pools(sizes.n_kinds, config.half_life_days)
        self.mixes = nn.ModuleList(_zero(config.width, config.width, bias=False) for _ in range(n))
        self.gate = nn.Sequential(
            nn.Linear(ACTIVITY_WIDTH, 16), nn.ReLU(), _zero(16, n, fill=math.log(math.expm1(1.0)))
        )
        self.scales = nn.Parameter(torch.full((n,), 1.0 / n))
        self.volume = nn.Parameter(torch.tensor(math.log(10.0)))
        self.ids = (
            nn.Embedding(sizes.n_users + 1, config.user_id_width, padding_idx=0) if config.user_id_width else None
        )
        self.drop = nn.Dropout(config.dropout)
        inputs = n * config.width + ACTIVITY_WIDTH + config.user_id_width
        out = _zero(config.hidden, config.width + config.context_width)
        nn.init.ones_(out.bias[config.width :])  # every user follows demand until the network knows better
        self.network = nn.Sequential(nn.Linear(inputs, config.hidden), nn.ReLU(), nn.Dropout(config.dropout), out)

    def forward(self, pools: list[Tensor], activity: Tensor, users: Tensor) -> Tensor:
        """Vectors of users.

        Args:
            pools: One (B, width) for each way of pooling.
            activity: (B, 5).
            users: Code + 1, 0 for unknown, (B,).
        """
        gates = softplus(self.gate(activity)) * self.scales
        mixed = [pool + mix(pool) for pool, mix in zip(pools, self.mixes, strict=True)]
        own = (gates.unsqueeze(2) * torch.stack(mixed, dim=1)).sum(dim=1)
        parts = [self.drop(pool) for pool in pools] + [activity]
        if self.ids is not None:
            hidden = torch.rand(len(users), device=users.device) < 0.5 if self.training else users < 0
            parts.append(self.ids(users.masked_fill(hidden, 0)))
        out = self.network(torch.cat(parts, dim=1))
        return torch.cat([self.volume.exp() * own + out[:, : self.width], out[:, self.width :]], dim=1)


class TagTower(nn.Module):
    """Mean of word embeddings, or a text vector -> (M, width + context_width)."""

    def __init__(self, sizes: Sizes, config: TowersConfig) -> None:
        super().__init__()
        inputs = sizes.tag_text or config.width
        self.words = None if sizes.tag_text else nn.EmbeddingBag(sizes.n_words + 1, config.width, mode="mean")
        self.network = nn.Sequential(
            nn.Linear(inputs, config.hidden),
            nn.ReLU(),
            nn.Linear(config.hidden, config.width + config.context_width),
        )

    def forward(self, tags: Tensor, starts: Tensor | None) -> Tensor:
        """Vectors of tags.

        Args:
            tags: Words of all tags in a row, (W,), or their text vectors, (M, T).
            starts: Where each tag's words begin, (M,); None with text vectors.
        """
        out: Tensor = self.network(tags if self.words is None else self.words(tags, starts))
        return out


class Network(nn.Module):
    """The towers that share one space."""

    def __init__(self, sizes: Sizes, config: TowersConfig) -> None:
        super().__init__()
        self.item = ItemTower(sizes, config)
        self.user = UserTower(sizes, config)
        self.tag = TagTower(sizes, config)


def pool(table: Tensor, items: Tensor, starts: Tensor, weights: Tensor) -> list[Tensor]:
    """Weighted sums of item vectors over each user's history, divided by the root of the weight: (B, D) per pool.

    The root keeps apart a user with two items from one with two hundred, and lets a single item still count in the
    second.

    Args:
        table: (N, D).
        items: Item codes of all histories in a row, (H,).
        starts: Where each history begins, and the end, (B + 1,).
        weights: (H, P).
    """
    owner = torch.repeat_interleave(torch.arange(len(starts) - 1, device=starts.device), starts.diff())
    total = weights.new_zeros(len(starts) - 1, weights.shape[1]).index_add_(0, owner, weights)
    scaled = weights / total.clamp_min(_EPS).sqrt()[owner]
    return [
        embedding_bag(
            items, table, starts, mode="sum", per_sample_weights=column.contiguous(), include_last_offset=True
        )
        for column in scaled.unbind(dim=1)
    ]


def _zero(inputs: int, outputs: int, *, bias: bool = True, fill: float = 0.0) -> nn.Linear:
    """A layer that gives a constant until it has learnt something."""
    layer = nn.Linear(inputs, outputs, bias=bias)
    nn.init.zeros_(layer.weight)
    if bias:
        nn.init.constant_(layer.bias, fill)
    return layer
