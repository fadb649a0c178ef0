"""The pooled towers as they were trained: vectors of items, of users from pooled histories, and of tags from words."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from intentrec.codes import Codes
from intentrec.data.log import Log, seconds
from intentrec.errors import DataError
from intentrec.learning.stored import read_meta, reading, write_meta
from intentrec.progress import Progress
from intentrec.towers.batches import user_vectors
from intentrec.towers.catalogue import demand
from intentrec.towers.config import TowersConfig
from intentrec.towers.data import TrainingData
from intentrec.towers.histories import histories
from intentrec.towers.network import Network, Sizes
from intentrec.towers.tags import WordBags
from intentrec.towers.training import Epoch, Trained, train
from intentrec.towers.validation import Recall

Floats32 = NDArray[np.float32]
_FORMAT = 1
_WEIGHTS, _META = "towers.safetensors", "towers.json"
# Every product has this many rows, so that a vector does not depend on what else is asked for: libraries pick their
# order of summation by shape.
_BLOCK = 256


@dataclass(frozen=True)
class Pooled:
    """The towers of RecGPT-V1, section 2.3.2, and what was added; needs no training data to serve.

    Attributes:
        config: What they were trained with.
        as_of: Nothing at or after this moment is in them.
        items: Item ids, in the order of `table`.
        users: Users with an id embedding; none where the config has no such embedding.
        words: Words of the tag tower.
        kinds: Weight of each kind of event that histories are made of.
        sizes: Sizes of the network.
        network: The three towers, on the CPU.
        table: Item vectors as of `as_of`, (N, D).
        history: Losses and recalls of the training.
        held_out: The same, not having seen the validation window; not saved.
    """

    config: TowersConfig
    as_of: datetime
    items: Codes
    users: Codes
    words: Codes
    kinds: dict[str, float]
    sizes: Sizes
    network: Network
    table: Floats32
    history: tuple[Epoch, ...]
    held_out: "Pooled | None" = None

    @property
    def width(self) -> int:
        """Length of every vector."""
        return self.config.width + self.config.context_width

    @cached_property
    def version(self) -> str:
        """Short hash of the weights, for `VECTORS.model_version`."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self._tensors().items()):
            digest.update(name.encode())
            digest.update(tensor.numpy().tobytes())
        return digest.hexdigest()[:16]

    def item_vectors(self) -> tuple[list[str], Floats32]:
        """Item ids and their vectors, (N, D), as of `as_of`."""
        return list(self.items.names), self.table

    def user_vectors(self, events: pl.DataFrame, users: Sequence[str], as_of: datetime | None = None) -> Floats32:
        """Vectors of users from their raw events, (U, D); the training need not have known them.

        A user without events gets what is in demand.

        Args:
            events: `user_id, item_id, timestamp, event, row`, perhaps `weight`; of these and perhaps other users.
            users: Rows of the result.
            as_of: Later events are not read; by default the towers' own moment.
        """
        as_of = as_of or self.as_of
        codes = Codes.of(users)
        log = Log.of(events, codes, self.items, self.kinds, as_of)
        parts = [np.zeros((0, self.width), dtype=np.float32)]
        for start in range(0, len(codes), _BLOCK):
            chosen = np.arange(start, min(start + _BLOCK, len(codes)))
            past = histories(log, chosen, seconds(as_of), self.config.half_life_days)
            known = self.users.shifted([codes.names[code] for code in chosen])
            past = replace(past, users=known).padded(_BLOCK)
            with torch.no_grad():
                vectors = user_vectors(self.network, past, torch.from_numpy(self.table))
            parts.append(vectors.numpy()[: len(chosen)])
        return np.concatenate(parts)[codes.known(users)]

    def tag_vectors(self, tags: Sequence[str], text: NDArray[np.floating] | None = None) -> Floats32:
        """Vectors of tags, (M, D).

        Args:
            tags: Any texts. The tower of words leaves out words that it has not met.
            text: Their text vectors, (M, T), which the tower of texts reads instead.

        Raises:
            DataError: The tower of texts got no text vectors, or of another length.
        """
        width = self.sizes.tag_text
        if width and (text is None or text.shape != (len(tags), width)):
            given = "none" if text is None else str(text.shape)
            raise DataError(f"The tag tower reads text vectors of shape {(len(tags), width)}; it got {given}.")
        parts = [np.zeros((0, self.width), dtype=np.float32)]
        for start in range(0, len(tags), _BLOCK):
            some = slice(start, start + _BLOCK)
            vectors = self._words_block(tags[some]) if text is None or not width else self._text_block(text[some])
            parts.append(vectors[: len(tags[some])])
        return np.concatenate(parts)

    def _words_block(self, tags: Sequence[str]) -> Floats32:
        bags = WordBags.of([*tags, *[""] * (_BLOCK - len(tags))], self.words)
        with torch.no_grad():
            out: Floats32 = self.network.tag(torch.from_numpy(bags.words), torch.from_numpy(bags.starts)).numpy()
        return out

    def _text_block(self, text: NDArray[np.floating]) -> Floats32:
        padded = np.pad(text.astype(np.float32), ((0, _BLOCK - len(text)), (0, 0)))
        with torch.no_grad():
            out: Floats32 = self.network.tag(torch.from_numpy(padded), None).numpy()
        return out

    def save(self, folder: Path) -> None:
        """Write weights as safetensors and everything else as JSON; `load` needs nothing more."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self._tensors(), folder / _WEIGHTS)
        meta = {
            "format": _FORMAT,
            "version": self.version,
            "as_of": self.as_of.isoformat(),
            "config": self.config.model_dump(mode="json"),
            "sizes": asdict(self.sizes),
            "kinds": self.kinds,
            "items": self.items.names,
            "users": self.users.names,
            "words": self.words.names,
            "history": [asdict(epoch) for epoch in self.history],
        }
        write_meta(folder / _META, meta)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Towers that `save` wrote.

        Raises:
            NotFittedError: The folder holds none.
            DataError: What it holds is damaged, or of another version of intentrec.
        """
        with reading("the towers", folder):
            return cls._of(read_meta(folder / _META, _FORMAT), load_file(folder / _WEIGHTS))

    @classmethod
    def _of(cls, meta: dict[str, Any], tensors: dict[str, torch.Tensor]) -> Self:
        config = TowersConfig.model_validate(meta["config"])
        sizes = Sizes(**{**meta["sizes"], "fixed": tuple(meta["sizes"]["fixed"])})
        table = tensors.pop("table").numpy()
        network = Network(sizes, config)
        network.load_state_dict(tensors)
        network.eval()
        items, users, words = (Codes(tuple(meta[name])) for name in ("items", "users", "words"))
        as_of = datetime.fromisoformat(meta["as_of"]).astimezone(UTC)
        history = tuple(_epoch(row) for row in meta["history"])
        return cls(config, as_of, items, users, words, meta["kinds"], sizes, network, table, history)

    def _tensors(self) -> dict[str, torch.Tensor]:
        weights = {name: weight.detach().cpu().contiguous() for name, weight in self.network.state_dict().items()}
        return {**weights, "table": torch.from_numpy(np.ascontiguousarray(self.table))}


def _epoch(row: dict[str, Any]) -> Epoch:
    recall = None if row["recall"] is None else Recall(**row["recall"])
    return Epoch(row["part"], row["epoch"], row["loss"], recall)


def fit_pooled(data: TrainingData, config: TowersConfig, *, seed: int, device: str, progress: Progress) -> Pooled:
    """Train them on everything in `data`; see `intentrec.towers.fit`."""
    return _pooled(data, config, train(data, config, seed=seed, device=device, progress=progress))


def _pooled(data: TrainingData, config: TowersConfig, trained: Trained) -> Pooled:
    with torch.no_grad():
        table = trained.batcher.items(demand(data.log, trained.end)).cpu().numpy()
    return Pooled(
        config=config,
        as_of=datetime.fromtimestamp(trained.end, UTC),
        items=data.catalogue.items,
        users=data.users if config.user_id_width else Codes(()),
        words=data.words,
        kinds=data.kinds,
        sizes=data.sizes(config),
        network=trained.network.cpu(),
        table=table,
        history=trained.history,
        held_out=None if trained.held_out is None else _pooled(data, config, trained.held_out),
    )
