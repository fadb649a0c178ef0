"""A trained encoder: vectors of items, users and any texts, at any later time, without training again."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from intentrec.codes import Ints
from intentrec.data.log import DAY
from intentrec.encoder.backbone import PURPOSE, Backbone, Opened, precision_of
from intentrec.encoder.config import EncoderConfig
from intentrec.encoder.data import EncoderData
from intentrec.encoder.encoding import Coder, Halves, prefix
from intentrec.encoder.narrowing import ITEMS, USERS, Map, Narrowing
from intentrec.encoder.prompts import ItemTexts, Prompts
from intentrec.encoder.training import EncoderEpoch
from intentrec.encoder.vocabulary import Tokens, Vocabulary
from intentrec.errors import ConfigError, DataError
from intentrec.extras import require
from intentrec.learning.stored import read_meta, reading, write_meta
from intentrec.llm.torch_weights import quiet
from intentrec.progress import SILENT, Progress
from intentrec.text.store import VectorStore

Floats32 = NDArray[np.float32]
Thing = TypeVar("Thing")
_FORMAT = 2
_META, _MODEL, _MAPS = "encoder.json", "model", "narrowing.safetensors"


@dataclass(frozen=True)
class Encoder:
    """One model for both sides.

    Attributes:
        config: What it was trained with.
        as_of: Nothing at or after this moment was learned.
        kinds: Weight of each kind of event that histories are made of.
        opened: The model with its vocabulary.
        history: What each epoch of training came to.
        device: Where the model runs.
        maps: Width -> what narrows whole vectors to it, (D, width); widths that it lacks are cut as they are.
    """

    config: EncoderConfig
    as_of: datetime
    kinds: dict[str, float]
    opened: Opened
    history: list[EncoderEpoch] = field(default_factory=list)
    device: str = "cpu"
    maps: Mapping[int, Map] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Length of the whole vector; see `served` for the part that is searched."""
        return self.opened.backbone.width

    @property
    def served(self) -> int:
        """How many coordinates of a vector are searched."""
        return self.config.served_dimension(self.width)

    @cached_property
    def version(self) -> str:
        """Hash of the weights and of the settings that shape vectors."""
        digest = hashlib.sha256(f"{self.config.pooling}".encode())
        for name, tensor in sorted(self.opened.backbone.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def at_width(self, share: float) -> "Encoder":
        """The same, serving another share of its vectors.

        Raises:
            ConfigError: That width was not trained.
        """
        if share not in self.config.widths:
            known = ", ".join(f"{width:g}" for width in self.config.widths)
            raise ConfigError(f"The width {share:g} was not trained; encoder.served_width can be {known}.")
        return replace(self, config=self.config.model_copy(update={"served_width": share}))

    def coder(self, cache: Path | None = None, progress: Progress = SILENT) -> Coder:
        """Runs the model where `cache`, a folder for vectors, does not hold what is asked."""
        folder = None if cache is None else cache / f"encoder-{self.version}"
        dtype = precision_of(self.config, self.device)
        store: VectorStore[np.float16] = VectorStore(folder, self.version)
        return Coder(self.opened, self.version, store, self.device, dtype, progress)

    def reading(
        self, events: pl.DataFrame, items: pl.DataFrame, as_of: datetime, *, impressions: pl.DataFrame | None = None,
        users: pl.DataFrame | None = None,
    ) -> "Reading":  # fmt: skip
        """What it reads of items and users as of a moment.

        Args:
            events: Rows of `EVENTS`; later ones are not read.
            items: Rows of `ITEMS`; those created later are left out.
            as_of: Exclusive, with a time zone.
            impressions: Rows of `IMPRESSIONS`, for histories that hold what was passed over.
            users: Rows of `USERS`, for attributes.
        """
        data = EncoderData.build(events, items, impressions, as_of=as_of, kinds=self.kinds, config=self.config)
        texts = ItemTexts.of(data.frame, self.opened.vocabulary, self.config)
        return Reading(data, Prompts(self.opened.vocabulary, self.config, texts), users)

    def text_vectors(self, texts: Sequence[str], coder: Coder) -> Floats32:
        """Vectors of any texts, read as titles, (n, served): tags, wishes."""
        prompts = Prompts(self.opened.vocabulary, self.config, ItemTexts([], [], 0, 0))
        return self.cut(coder.encode(prompts.text(texts), "encoding texts"))

    def cut(self, vectors: Halves) -> Floats32:
        """What is searched of whole vectors, as unit rows (n, served)."""
        if self.served not in self.maps:
            return prefix(vectors, self.served)
        # In double precision, so that a vector does not depend on those it is narrowed with.
        return prefix(vectors.astype(np.float64) @ self.maps[self.served], self.served)

    def narrowed(self, reading: "Reading", coder: Coder, seed: int = 0) -> "Encoder":
        """The same with a map for each width but the whole, learned on a sample of items and users with a history."""
        items = _spread(reading.item_prompts(), ITEMS)
        users = _spread(np.flatnonzero(np.diff(reading.data.histories.starts)).tolist(), USERS)
        names = [reading.data.users.names[user] for user in users]
        narrowing = Narrowing(
            coder.encode(reading.user_prompts(names), "encoding a sample of users"),
            coder.encode(items, "encoding a sample of items"),
            self.config.narrow_steps,
            seed,
            self.device,
        )
        return replace(self, maps=narrowing.maps(self.config.dimensions(self.width)[1:], coder.progress))

    def save(self, folder: Path) -> None:
        """Write the model as transformers does (safetensors), and everything else as JSON."""
        with quiet():
            self.opened.backbone.model.save_pretrained(folder / _MODEL)
        self.opened.vocabulary.tokenizer.save_pretrained(folder / _MODEL)
        meta = {
            "format": _FORMAT,
            "version": self.version,
            "as_of": self.as_of.isoformat(),
            "kinds": self.kinds,
            "config": self.config.model_dump(mode="json"),
            "narrowed": sorted(self.maps),
            "history": [vars(epoch) for epoch in self.history],
        }
        if self.maps:
            save_file({str(width): found for width, found in self.maps.items()}, folder / _MAPS)
        write_meta(folder / _META, meta)

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> Self:
        """An encoder that `save` wrote.

        Raises:
            NotFittedError: The folder holds none.
            DataError: What it holds is damaged or not what was saved, or its vocabulary lacks the field tokens.
        """
        transformers = require("transformers", PURPOSE)
        with reading("the encoder", folder):
            meta = read_meta(folder / _META, _FORMAT)
            config = EncoderConfig.model_validate(meta["config"])
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder / _MODEL)
            model = _from(transformers, folder / _MODEL)
            history = [EncoderEpoch(**epoch) for epoch in meta["history"]]
            moment, kinds = datetime.fromisoformat(meta["as_of"]), dict(meta["kinds"])
            version = str(meta["version"])
            stored = load_file(folder / _MAPS) if meta["narrowed"] else {}
            maps = {width: stored[str(width)] for width in meta["narrowed"]}
        vocabulary = Vocabulary.of(tokenizer, str(folder / _MODEL))
        backbone = Backbone(model, config.pooling).to(device).eval()
        encoder = cls(config, moment, kinds, Opened(backbone, vocabulary), history, device, maps)
        if encoder.version != version:
            raise DataError(f"The weights in {folder} are not those that were saved ({version}). Train it again.")
        return encoder


def _from(transformers: Any, folder: Path) -> Any:
    with quiet():
        return transformers.AutoModel.from_pretrained(folder, dtype=torch.float32)


def _spread(things: Sequence[Thing], most: int) -> list[Thing]:
    """At most so many, evenly spread."""
    return [things[at] for at in np.unique(np.linspace(0, len(things) - 1, min(len(things), most)).astype(int))]


@dataclass(frozen=True)
class Reading:
    """Prompts of all items and users as of a moment.

    Attributes:
        data: What was known.
        prompts: How it is written.
        users: Rows of `USERS`; None where there are none.
    """

    data: EncoderData
    prompts: Prompts
    users: pl.DataFrame | None = None

    @property
    def item_ids(self) -> list[str]:
        """Ids of the items, ascending."""
        return list(self.data.items.names)

    def item_prompts(self) -> list[Tokens]:
        """What the model reads of each item, its numbers as of the last time they were counted."""
        return self.prompts.items(range(len(self.data.items)), self.data.numbers.at(self._counted))

    @property
    def _counted(self) -> float:
        step = self.prompts.config.number_days * DAY
        return self.data.end // step * step if step else self.data.end

    def user_prompts(self, users: Sequence[str]) -> list[Tokens]:
        """What the model reads of users; those nobody has seen have an empty history."""
        attributes = self.prompts.attributes(self.users, users)
        codes = self.data.users.shifted(users) - 1
        return [
            self.prompts.user(self.data.histories, *self._place(code), own)
            for code, own in zip(codes.tolist(), attributes, strict=True)
        ]

    def overflow(self, users: Sequence[str]) -> NDArray[np.bool_]:
        """Whether some of a user's items do not fit into the prompt, (len(users),)."""
        attributes = self.prompts.attributes(self.users, users)
        codes: Ints = self.data.users.shifted(users) - 1
        return np.array(
            [
                code >= 0 and self.prompts.overflows(self.data.histories, *self._place(code), own)
                for code, own in zip(codes.tolist(), attributes, strict=True)
            ],
            dtype=np.bool_,
        )

    def _place(self, code: int) -> tuple[int, int]:
        """User and end of the history; an empty history for a user without a code."""
        if code < 0:
            return 0, int(self.data.histories.starts[0])
        return code, int(self.data.histories.starts[code + 1])

    def item_vectors(self, coder: Coder) -> tuple[list[str], Halves]:
        """Ids and whole vectors of all items, (N, D)."""
        return self.item_ids, coder.encode(self.item_prompts(), "encoding items")

    def user_vectors(self, users: Sequence[str], coder: Coder) -> Halves:
        """Whole vectors of users, (U, D)."""
        return coder.encode(self.user_prompts(users), "encoding users")
