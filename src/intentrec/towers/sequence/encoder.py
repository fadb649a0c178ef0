"""The user side: a history becomes a state at each of its events, read from that event and those before it only."""

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention, silu

from intentrec.errors import ConfigError
from intentrec.towers.sequence.config import SequenceConfig
from intentrec.towers.sequence.sequences import GAPS

_STD = 0.02
_LOUDER = 4.0
"""Context embeddings start small and learn at the rate of everything else; scaled up, they learn as fast as needed."""


class Attention(nn.Module):
    """Causal self-attention with a norm before it, (B, T, D) -> (B, T, D)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.inputs, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, states: Tensor) -> Tensor:
        """What each state takes from those up to itself."""
        size, time, width = states.shape
        split = self.inputs(self.norm(states)).view(size, time, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(query, key, value, is_causal=True)
        out: Tensor = self.output(mixed.transpose(1, 2).reshape(size, time, width))
        return out


class Gated(nn.Module):
    """A gated network (SwiGLU, Shazeer 2020) with a norm before it, (B, T, D) -> (B, T, D)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inputs, self.output = nn.Linear(width, 2 * hidden), nn.Linear(hidden, width)

    def forward(self, states: Tensor) -> Tensor:
        """A network on each state by itself."""
        gate, value = self.inputs(self.norm(states)).chunk(2, dim=-1)
        out: Tensor = self.output(silu(gate) * value)
        return out


class Codes(nn.Module):
    """K learned codes attend over the states up to each event (RecGPT-V2; Poly-Encoders, Humeau et al. 2020)."""

    def __init__(self, config: SequenceConfig) -> None:
        super().__init__()
        self.codes = nn.Parameter(torch.randn(config.codes, config.width))
        self.output = nn.Linear(config.width, config.width)

    def forward(self, states: Tensor) -> Tensor:
        """Each state K times, with what each code found up to it added, (B, T, K, D)."""
        size, time, width = states.shape
        shape = (size, len(self.codes), time, width)
        asked, read = self.codes[None, :, None].expand(shape), states[:, None].expand(shape)
        found = scaled_dot_product_attention(asked, read, read, is_causal=True).transpose(1, 2)
        out: Tensor = states[:, :, None] + self.output(found)
        return out


class Encoder(nn.Module):
    """Item vectors of histories -> a state, or K states, at each event."""

    def __init__(self, n_kinds: int, n_periods: int, config: SequenceConfig) -> None:
        super().__init__()
        if config.width % config.heads:
            raise ConfigError(f"sequence.width = {config.width} cannot be split into {config.heads} heads; change one.")
        self.config, width = config, config.width
        self.position = nn.Embedding(config.length, width)
        self.gap = nn.Embedding(GAPS, width) if config.gaps else None
        self.kind = nn.Embedding(n_kinds, width) if config.kinds else None
        self.period = nn.Embedding(n_periods, config.context_width)
        self.since = nn.Embedding(GAPS, config.context_width) if config.clock == "request" else None
        for table in (self.position, self.gap, self.kind, self.period, self.since):
            if table is not None:
                nn.init.normal_(table.weight, std=_STD)
        self.drop = nn.Dropout(config.dropout)
        attends = config.user == "transformer"
        self.attentions = nn.ModuleList(Attention(width, config.heads) for _ in range(config.layers * attends))
        self.networks = nn.ModuleList(Gated(width, config.hidden) for _ in range(config.layers))
        self.codes = Codes(config) if config.codes > 1 else None
        self.norm = nn.LayerNorm(width)

    def forward(self, items: Tensor, gaps: Tensor, kinds: Tensor) -> Tensor:
        """States, (B, T, D), or (B, T, K, D) with several codes.

        A state depends on nothing after its event, so histories may be padded behind their end with anything.

        Args:
            items: Vectors of the items, (B, T, D).
            gaps: Bucket of the time since the event before, (B, T).
            kinds: Kind of each event, (B, T).
        """
        states = items * self.config.width**0.25
        if self.gap is not None:
            states = states + self.gap(gaps)
        if self.kind is not None:
            states = states + self.kind(kinds)
        if self.config.user == "mean":
            counts = torch.arange(1, items.shape[1] + 1, device=items.device, dtype=items.dtype)
            states = states.cumsum(dim=1) / counts[:, None]
        else:
            states = states + self.position.weight[: items.shape[1]]
        states = self.drop(states)
        for layer, network in enumerate(self.networks):
            if len(self.attentions):
                states = states + self.drop(self.attentions[layer](states))
            states = states + self.drop(network(states))
        out: Tensor = self.norm(states if self.codes is None else self.codes(states))
        return out

    def context(self, periods: Tensor, since: Tensor) -> Tensor:
        """The coordinates of a question that say what is in demand when it is asked, (Q, context_width).

        Args:
            periods: Calendar period of the clock, (Q,).
            since: Bucket of the time since the last event, (Q,).
        """
        demand: Tensor = self.period(periods)
        if self.since is not None:
            demand = demand + self.since(since)
        return _LOUDER * demand
