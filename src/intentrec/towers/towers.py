"""Trained towers: several parts, each strong where another is weak, side by side in one vector and one sparse table.

A vector is the parts' vectors in a row, a user's each times its weight: one dot product is then the weighted sum of the
parts' scores, and any index of dot products serves it. What was remembered (`retrieval.memory`) is added to it.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from intentrec.codes import Codes
from intentrec.data.log import Log, seconds
from intentrec.errors import DataError
from intentrec.learning.stored import read_meta, reading, write_meta
from intentrec.retrieval.blend import Blend
from intentrec.retrieval.memory import Memory, Remembered, events_of
from intentrec.towers.config import TowersConfig
from intentrec.towers.pooled import Floats32, Pooled
from intentrec.towers.sequence import SequenceEpoch, SequenceTower
from intentrec.towers.training import Epoch

_FORMAT = 2
_META, _SEQUENCE, _POOLED = "towers.json", "sequence.safetensors", "pooled"


@dataclass(frozen=True)
class Towers:
    """The parts as they were trained at a moment; needs no training data to serve.

    Attributes:
        config: What they were trained with.
        as_of: Nothing at or after this moment is in them.
        items: Item ids, in the order of all item vectors.
        kinds: Weight of each kind of event that histories are made of.
        pooled: Histories pooled at past moments, and the tags; None where the config has no such part.
        sequence: Histories read in order; None where the config has no such part.
        memory: Pairs of items as they were; None where the config has no such part.
        blend: What each part counts.
        fresh: Items without an event before `as_of`, (N,): one further coordinate lifts all of them; None where the
            config has no such part.
        held_out: The same, not having seen the validation window, to tune what comes after them; not saved.
    """

    config: TowersConfig
    as_of: datetime
    items: Codes
    kinds: dict[str, float]
    pooled: Pooled | None
    sequence: SequenceTower | None
    memory: Memory | None
    blend: Blend
    fresh: NDArray[np.bool_] | None = None
    held_out: "Towers | None" = None

    @property
    def width(self) -> int:
        """Length of every vector."""
        return int(self._items.shape[1])

    @property
    def history(self) -> tuple[Epoch | SequenceEpoch, ...]:
        """Losses and recalls of the parts' trainings, one part after the other."""
        pooled = () if self.pooled is None else self.pooled.history
        return pooled if self.sequence is None else (*pooled, *self.sequence.history)

    @cached_property
    def version(self) -> str:
        """Short hash of everything learnt, for `VECTORS.model_version`."""
        digest = hashlib.sha256(json.dumps(asdict(self.blend)).encode())
        if self.pooled is not None:
            digest.update(self.pooled.version.encode())
        if self.sequence is not None:
            for name, tensor in sorted(self.sequence.tensors().items()):
                digest.update(name.encode())
                digest.update(tensor.numpy().tobytes())
        if self.memory is not None:
            digest.update(self.memory.version.encode())
        if self.fresh is not None:
            digest.update(self.fresh.tobytes())
        return digest.hexdigest()[:16]

    def item_vectors(self) -> tuple[list[str], Floats32]:
        """Item ids and their vectors, (N, D), as of `as_of`."""
        return list(self.items.names), self._items

    @cached_property
    def _items(self) -> Floats32:
        return np.concatenate([np.zeros((len(self.items), 0), dtype=np.float32), *self.tables().values()], axis=1)

    def tables(self) -> dict[str, Floats32]:
        """Each part's item vectors, (N, D) each."""
        found = {} if self.pooled is None else {"pooled": self.pooled.table}
        if self.sequence is not None:
            found["sequence"] = self.sequence.item_vectors()
        if self.fresh is not None:
            found["fresh"] = self.fresh[:, None].astype(np.float32)
        return found

    def user_vectors(self, events: pl.DataFrame, users: Sequence[str], as_of: datetime | None = None) -> Floats32:
        """Vectors of users from their raw events, (U, D); the training need not have known them.

        A user without events gets what is in demand.

        Args:
            events: `user_id, item_id, timestamp, event, row`, perhaps `weight`; of these and perhaps other users.
            users: Rows of the result.
            as_of: Later events are not read; by default the towers' own moment.
        """
        as_of = as_of or self.as_of
        parts = self.parts(events, users, as_of)
        kept = events.filter(pl.col("event").is_in(list(self.kinds)), pl.col("timestamp") < as_of)
        active = events_of(kept, users)
        weights = {name: self.blend.of(name, active) for name in parts}
        rows = [np.zeros((len(users), 0), dtype=np.float32)]
        return np.concatenate([*rows, *(vectors * weights[name][:, None] for name, vectors in parts.items())], axis=1)

    def parts(self, events: pl.DataFrame, users: Sequence[str], as_of: datetime) -> dict[str, Floats32]:
        """Each part's user vectors before any weight; see `user_vectors`."""
        found = {}
        if self.pooled is not None:
            found["pooled"] = self.pooled.user_vectors(events, users, as_of)
        if self.sequence is not None:
            codes = Codes.of(users)
            log = Log.of(events, codes, self.items, self.kinds, as_of)
            now = seconds(as_of) if self.config.validation == "window" else None
            vectors = self.sequence.user_vectors(log, np.arange(len(codes)), now)
            found["sequence"] = vectors[codes.known(users)]
        if self.fresh is not None:
            found["fresh"] = np.ones((len(users), 1), dtype=np.float32)
        return found

    @property
    def remembered(self) -> Remembered | None:
        """What serving adds to dot products; None without that part."""
        return None if self.memory is None else Remembered(self.memory, self.blend, tuple(self.kinds))

    def tag_vectors(self, tags: Sequence[str], text: NDArray[np.floating] | None = None) -> Floats32:
        """Vectors of tags, (M, D): a tag speaks of what items are, which the pooled part knows; 0 elsewhere.

        Args:
            tags: Any texts. The tower of words leaves out words that it has not met.
            text: Their text vectors, (M, T), which the tower of texts reads instead.

        Raises:
            DataError: The tower of texts got no text vectors, or of another length; or there is no pooled part.
        """
        if self.pooled is None:
            raise DataError('Tags need the tag tower; name "pooled" among towers.parts.')
        own = self.pooled.tag_vectors(tags, text)
        return np.pad(own, ((0, 0), (0, self._items.shape[1] - own.shape[1])))

    def save(self, folder: Path) -> None:
        """Write weights as safetensors and everything else as JSON; `load` needs nothing more."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.pooled is not None:
            self.pooled.save(folder / _POOLED)
        if self.sequence is not None:
            tensors = {name: tensor.contiguous() for name, tensor in self.sequence.tensors().items()}
            save_file(tensors, folder / _SEQUENCE)
        if self.remembered is not None:
            self.remembered.save(folder)
        meta = {
            "format": _FORMAT,
            "version": self.version,
            "as_of": self.as_of.isoformat(),
            "config": self.config.model_dump(mode="json"),
            "items": self.items.names,
            "kinds": self.kinds,
            "blend": asdict(self.blend),
            "fresh": None if self.fresh is None else np.flatnonzero(self.fresh).tolist(),
            "sequence": None if self.sequence is None else self.sequence.meta(),
        }
        write_meta(folder / _META, meta)

    @classmethod
    def load(cls, folder: Path, *, memory: bool = True) -> Self:
        """Towers that `save` wrote.

        Args:
            memory: Whether the pairs of items are wanted, too: they are most of it, and no vector needs them.

        Raises:
            NotFittedError: The folder holds none.
            DataError: What it holds is damaged, or of another version of intentrec.
        """
        with reading("the towers", folder):
            return cls._of(read_meta(folder / _META, _FORMAT), folder, memory)

    @classmethod
    def _of(cls, meta: dict[str, Any], folder: Path, memory: bool) -> Self:
        """The parts that the config names: one whose file is gone is an error, and no part fewer."""
        config = TowersConfig.model_validate(meta["config"])
        sequence = None
        if "sequence" in config.parts:
            sequence = SequenceTower.of(meta["sequence"], load_file(folder / _SEQUENCE))
        return cls(
            config=config,
            as_of=datetime.fromisoformat(meta["as_of"]),
            items=Codes(tuple(meta["items"])),
            kinds=meta["kinds"],
            pooled=Pooled.load(folder / _POOLED) if "pooled" in config.parts else None,
            sequence=sequence,
            memory=Memory.load(folder) if memory and "memory" in config.parts else None,
            blend=Blend.of_json(meta["blend"]),
            fresh=_mask(meta["fresh"], len(meta["items"])),
        )


def _mask(codes: list[int] | None, n_items: int) -> NDArray[np.bool_] | None:
    if codes is None:
        return None
    mask = np.zeros(n_items, dtype=np.bool_)
    mask[codes] = True
    return mask
