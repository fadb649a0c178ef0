"""What went with what, remembered as it was: a sparse part of the score beside the vectors.

Vectors of some hundred numbers generalise and forget single pairs; a table of pairs remembers and generalises nothing.
Their sum is better than either (Wide & Deep, arXiv 1606.07792; on sparse logs plain tables of neighbours are hard to
beat: arXiv 2605.07125). Three tables: the item itself (what is bought again), items of the same people, items that
came after it.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file
from scipy import sparse

from intentrec.codes import places
from intentrec.errors import DataError, NotFittedError
from intentrec.retrieval.blend import Blend
from intentrec.retrieval.topk import rank_within
from intentrec.settings import Section

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Sparse = sparse.csr_array

PARTS = ("itself", "together", "after")
_DAY_MICROSECONDS = 86_400_000_000
_PAIRS_AT_ONCE = 20_000_000
_FILE, _WEIGHTS = "memory.safetensors", "blend.json"


class MemoryConfig(Section):
    """Tables of what went with what."""

    neighbours: int = Field(100, ge=1, le=10_000)
    """Items kept for each item in each table."""
    steps: int = Field(5, ge=1, le=100)
    """An item follows another within so many events of a user; a step of n counts 1 / n."""
    shrinkage: float = Field(0.0, ge=0, le=1e6)
    """Pulls pairs that few users share towards 0."""
    decay: float = Field(0.75, gt=0, le=1)
    """Weight of an event against the one after it, when neighbours of a history are summed."""
    half_life_days: float = Field(120.0, gt=0, le=36_500)
    """Days after which having had an item counts half for having it again."""
    events: int = Field(200, ge=1, le=100_000)
    """Latest events of a user that count."""
    recalled: int = Field(500, ge=1, le=1_000_000)
    """Most items whose score memory adds to, for one user: those it adds most to."""


@dataclass(frozen=True)
class Memory:
    """Tables of pairs.

    Attributes:
        items: Item ids, ascending, (N,).
        tables: "together" and "after": row = an item of the history, column = an item to recommend, (N, N).
        config: How they were made.
    """

    items: NDArray[np.str_]
    tables: dict[str, Sparse]
    config: MemoryConfig

    @classmethod
    def fit(cls, events: pl.DataFrame, items: Sequence[str], as_of: datetime, config: MemoryConfig) -> Self:
        """Count pairs of items among the events before `as_of`.

        Args:
            events: `user_id, item_id, timestamp, row`; the kinds that show intent.
            items: Ids that may be recommended.
            as_of: Exclusive.
            config: How far pairs reach and how many are kept.
        """
        names = np.unique(np.asarray(list(items), dtype=np.str_))
        past = _coded(events, names, as_of, config.events)
        user, item = past["user"].to_numpy(), past["item"].to_numpy()
        n_users, n = int(user.max(initial=-1)) + 1, len(names)
        ones = np.ones(len(user), dtype=np.float32)
        had = sparse.csr_array((ones, (user, item)), shape=(n_users, n))
        had.sum_duplicates()
        had.data[:] = 1.0
        lengths = np.sqrt(np.asarray(had.sum(axis=0), dtype=np.float32))
        together = _nearest(had, lengths, config)
        return cls(names, {"together": together, "after": _after(user, item, lengths, config)}, config)

    def parts(
        self, events: pl.DataFrame, users: Sequence[str], as_of: datetime, only: Collection[str] = PARTS
    ) -> dict[str, Sparse]:
        """What each table says of each user, (U, N) each, before any weight.

        Args:
            events: `user_id, item_id, timestamp, row`; only those of `users` before `as_of` count.
            users: Rows of the result, each once; fitting need not have known them.
            as_of: Exclusive.
            only: Which of `PARTS` are wanted.
        """
        frame = pl.DataFrame({"user_id": list(users)}, schema={"user_id": pl.String}).with_row_index("place")
        past = _coded(events.join(frame, on="user_id"), self.items, as_of, self.config.events, "place")
        row, item, back, days = (past[name].to_numpy() for name in ("user", "item", "back", "days"))
        return self._parts(row, item, back, days, len(frame), only)

    def parts_of_one(
        self, items: Ints, times: Ints, as_of: datetime, only: Collection[str] = PARTS
    ) -> dict[str, Sparse]:
        """The same for one user, (1, N) each, without any table.

        Args:
            items: Row of the item of each event, in time order; below 0 for what the memory does not know.
            times: Microseconds since 1970; all before `as_of`.
        """
        items, times = items[items >= 0][-self.config.events :], times[items >= 0][-self.config.events :]
        back = np.arange(len(items) - 1, -1, -1)
        days = (_micros(as_of) - times) / _DAY_MICROSECONDS
        return self._parts(np.zeros(len(items), dtype=np.int64), items, back, days, 1, only)

    def _parts(
        self, row: Ints, item: Ints, back: Ints, days: Floats, n_users: int, only: Collection[str]
    ) -> dict[str, Sparse]:
        shape = (n_users, len(self.items))
        lately = sparse.csr_array(((self.config.decay**back).astype(np.float32), (row, item)), shape=shape)
        fresh = np.float32(0.5) ** (days / self.config.half_life_days)
        again = sparse.csr_array((fresh.astype(np.float32), (row, item)), shape=shape)
        again.sum_duplicates()
        again.data = np.log1p(again.data)
        found = {"itself": again} if "itself" in only else {}
        return found | {name: _summed(lately, table) for name, table in self.tables.items() if name in only}

    def save(self, folder: Path) -> None:
        """Write `memory.safetensors`; `load` needs nothing more."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, NDArray[np.generic]] = {}
        for name, table in self.tables.items():
            arrays |= {f"{name}.starts": table.indptr.astype(np.int64), f"{name}.items": table.indices.astype(np.int32)}
            arrays[f"{name}.values"] = table.data.astype(np.float32)
        ids = "\n".join(self.items.tolist()).encode()
        arrays["ids"] = np.frombuffer(ids, dtype=np.uint8).copy()
        save_file(arrays, folder / _FILE, metadata={"config": self.config.model_dump_json()})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """A memory that `save` wrote.

        Raises:
            NotFittedError: The folder holds none.
            DataError: What it holds is damaged, or something else wrote it.
        """
        path = folder / _FILE
        if not path.exists():
            raise NotFittedError(f"There is no {_FILE} in {folder}. Train the towers first.")
        try:
            arrays, config = load_file(path), _config_of(path)
            text = arrays["ids"].tobytes().decode()
            ids = np.asarray(text.split("\n") if text else [], dtype=np.str_)
            tables = {name: _table(arrays, name, len(ids)) for name in PARTS[1:]}
        except (ValueError, KeyError, SafetensorError) as error:
            raise DataError(f"{path} is damaged: {error}. Train the towers again.") from error
        return cls(ids, tables, config)

    @staticmethod
    def is_in(folder: Path) -> bool:
        """Whether a folder holds one."""
        return (folder / _FILE).exists()

    @property
    def version(self) -> str:
        """Short hash of the ids, the settings and the tables."""
        digest = hashlib.sha256(json.dumps([self.config.model_dump(mode="json"), self.items.tolist()]).encode())
        for name in sorted(self.tables):
            table = self.tables[name]
            for array in (table.indptr.astype(np.int64), table.indices.astype(np.int64), table.data):
                digest.update(array.tobytes())
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Remembered:
    """A memory and what its parts count: what serving needs, without any training library.

    Attributes:
        memory: The tables.
        blend: Weights of the parts; those it does not name count 0.
        kinds: Kinds of events that make a history.
    """

    memory: Memory
    blend: Blend
    kinds: tuple[str, ...]

    def scores(self, events: pl.DataFrame, users: Sequence[str], as_of: datetime) -> Sparse:
        """What is added to the scores of vectors, (U, N) in the order of `memory.items`.

        Args:
            events: `user_id, item_id, timestamp, event, row`; of these and perhaps other users.
            users: Rows of the result, each once.
            as_of: Later events are not read.
        """
        kept = events.filter(pl.col("event").is_in(list(self.kinds)), pl.col("timestamp") < as_of)
        weights = self._weights(events_of(kept, users))
        return self._total(self.memory.parts(kept, users, as_of, list(weights)), weights, len(users))

    def scores_of_one(self, items: Ints, times: Ints, n_events: int, as_of: datetime) -> Sparse:
        """The same for one user, (1, N), without any table.

        Args:
            items: Row of the item of each event of `kinds`, in time order; below 0 for none.
            times: Microseconds since 1970; all before `as_of`.
            n_events: How many events of `kinds` the user has.
            as_of: Exclusive end of the events.
        """
        weights = self._weights(np.array([n_events]))
        return self._total(self.memory.parts_of_one(items, times, as_of, list(weights)), weights, 1)

    def _weights(self, n_events: Ints) -> dict[str, NDArray[np.float32]]:
        """Of the parts that count at all, (U,) each."""
        weights = {name: self.blend.of(name, n_events) for name in PARTS}
        return {name: weight for name, weight in weights.items() if weight.any()}

    def _total(self, parts: dict[str, Sparse], weights: dict[str, NDArray[np.float32]], n_users: int) -> Sparse:
        shape = (n_users, len(self.memory.items))
        total = Sparse(shape, dtype=np.float32)
        for name, part in parts.items():
            total = total + sparse.diags_array(weights[name]) @ part
        whole = sparse.coo_array(total)
        row, column = (axis.astype(np.int64) for axis in whole.coords)
        some = whole.data > 0
        return _largest(row[some], column[some], whole.data[some], shape, self.memory.config.recalled)

    def shares(self, events: pl.DataFrame, user: str, as_of: datetime, item: str) -> dict[str, float]:
        """What each part adds to the score of an item for one user, none below 0; see `scores`.

        Args:
            item: An id; nothing is added to one that the memory does not know.
        """
        kept = events.filter(pl.col("event").is_in(list(self.kinds)), pl.col("timestamp") < as_of)
        parts = self.memory.parts(kept, [user], as_of)
        return self._shares(parts, int(events_of(kept, [user])[0]), int(places(self.memory.items, [item])[0]))

    def shares_of_one(self, items: Ints, times: Ints, n_events: int, as_of: datetime, item: int) -> dict[str, float]:
        """The same without any table; see `scores_of_one`.

        Args:
            item: Row of the item; nothing is added to one that the memory does not know.
        """
        return self._shares(self.memory.parts_of_one(items, times, as_of), n_events, item)

    def _shares(self, parts: dict[str, Sparse], n_events: int, item: int) -> dict[str, float]:
        known = 0 <= item < len(self.memory.items)
        return {
            name: float(self.blend.of(name, np.array([n_events]))[0]) * float(part[0, item] if known else 0.0)
            for name, part in parts.items()
        }

    def save(self, folder: Path) -> None:
        """Write the tables and the weights."""
        self.memory.save(folder)
        (folder / _WEIGHTS).write_text(json.dumps({"kinds": self.kinds, "blend": asdict(self.blend)}), "utf-8")

    @classmethod
    def find(cls, folder: Path) -> "Remembered | None":
        """What `save` wrote, None where the folder holds none."""
        return cls.load(folder) if Memory.is_in(folder) else None

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote.

        Raises:
            NotFittedError: The folder holds none, or no weights.
            DataError: What it holds is damaged, or something else wrote it.
        """
        memory, path = Memory.load(folder), folder / _WEIGHTS
        if not path.exists():
            raise NotFittedError(f"There is no {_WEIGHTS} in {folder}. Train the towers first.")
        try:
            meta = json.loads(path.read_text("utf-8"))
            return cls(memory, Blend.of_json(meta["blend"]), tuple(meta["kinds"]))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is damaged: {error}. Train the towers again.") from error


def _micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def events_of(events: pl.DataFrame, users: Sequence[str]) -> Ints:
    """Events of each user, (U,)."""
    counted = events.group_by("user_id").len()
    frame = pl.DataFrame({"user_id": list(users)}, schema={"user_id": pl.String})
    found = frame.join(counted, on="user_id", how="left", maintain_order="left")["len"]
    return found.fill_null(0).to_numpy().astype(np.int64)


def _config_of(path: Path) -> MemoryConfig:
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata() or {}
    if "config" not in metadata:
        raise DataError(f"{path} names no settings; it was not written by intentrec. Train the towers again.")
    return MemoryConfig.model_validate_json(metadata["config"])


def _table(arrays: dict[str, NDArray[np.generic]], name: str, n: int) -> Sparse:
    values, items, starts = (arrays[f"{name}.{part}"] for part in ("values", "items", "starts"))
    return Sparse((values, items, starts), shape=(n, n))


def _summed(lately: Sparse, table: Sparse) -> Sparse:
    """`lately @ table`; for a few events without touching every column, by the same additions in the same order."""
    starts, ends = table.indptr[lately.indices].astype(np.int64), table.indptr[lately.indices + 1].astype(np.int64)
    counts = ends - starts
    if counts.sum() > table.shape[1]:
        return sparse.csr_array(lately @ table)
    event = np.repeat(np.arange(len(counts)), counts)
    at = np.arange(len(event)) - np.repeat(np.cumsum(counts) - counts, counts) + starts[event]
    row = np.repeat(np.arange(lately.shape[0], dtype=np.int64), np.diff(lately.indptr))[event]
    key, place = np.unique(row * table.shape[1] + table.indices[at], return_inverse=True)
    sums = np.zeros(len(key), dtype=np.float32)
    np.add.at(sums, place, lately.data[event] * table.data[at])
    return sparse.csr_array(
        (sums, (key // table.shape[1], key % table.shape[1])), shape=(lately.shape[0], table.shape[1])
    )


def _coded(
    events: pl.DataFrame, names: NDArray[np.str_], as_of: datetime, latest: int, place: str | None = None
) -> pl.DataFrame:
    """`user, item, back` (events of the user after it) and `days` before `as_of`, by user and time; the latest only."""
    had = events["item_id"].drop_nulls().unique()
    codes = pl.DataFrame({"item_id": had, "item": places(names, had.to_list())}).filter(pl.col("item") >= 0)
    user = pl.col("user_id").rank("dense") - 1 if place is None else pl.col(place)
    days = (pl.lit(as_of) - pl.col("timestamp")).dt.total_microseconds() / _DAY_MICROSECONDS
    return (
        events.lazy()
        .filter(pl.col("timestamp") < as_of)
        .join(codes.lazy(), on="item_id")
        .with_columns(user=user.cast(pl.Int64), days=days.cast(pl.Float64))
        .sort("user", "timestamp", "row")
        .with_columns(back=(pl.len().over("user") - 1 - pl.int_range(pl.len()).over("user")).cast(pl.Int64))
        .filter(pl.col("back") < latest)
        .select("user", "item", "back", "days")
        .collect()
    )


def _nearest(had: Sparse, lengths: NDArray[np.float32], config: MemoryConfig) -> Sparse:
    """Cosine of the users of two items, the largest of each row; an item is not its own neighbour."""
    by_item = sparse.csr_array(had.T)
    work = by_item @ np.diff(had.indptr).astype(np.int64)
    parts, start, total = [], 0, np.concatenate([[0], np.cumsum(work)])
    while start < len(work):
        stop = max(start + 1, int(np.searchsorted(total, total[start] + _PAIRS_AT_ONCE, side="right")) - 1)
        shared = sparse.coo_array(by_item[start:stop] @ had)
        row, column = (axis.astype(np.int64) for axis in shared.coords)
        other = row + start != column
        values = shared.data / (lengths[row + start] * lengths[column] + np.float32(config.shrinkage))
        parts.append(_largest(row[other], column[other], values[other], (stop - start, len(work)), config.neighbours))
        start = stop
    if not parts:
        return Sparse(np.zeros((0, 0), dtype=np.float32))
    return Sparse(sparse.vstack(parts, format="csr"))


def _after(user: Ints, item: Ints, lengths: NDArray[np.float32], config: MemoryConfig) -> Sparse:
    """How often an item came within some steps of another, against how often both came at all."""
    n = len(lengths)
    pairs = sparse.csr_array((n, n), dtype=np.float32)
    for step in range(1, min(config.steps, max(0, len(item) - 1)) + 1):
        same = (user[step:] == user[:-step]) & (item[step:] != item[:-step])
        before, behind = item[:-step][same], item[step:][same]
        found = sparse.csr_array((np.full(len(before), 1.0 / step, dtype=np.float32), (before, behind)), shape=(n, n))
        pairs = pairs + found
    counted = sparse.coo_array(pairs)
    row, column = (axis.astype(np.int64) for axis in counted.coords)
    values = counted.data / (lengths[row] * lengths[column] + np.float32(config.shrinkage))
    return _largest(row, column, values, (n, n), config.neighbours)


def _largest(row: Ints, column: Ints, values: NDArray[np.float32], shape: tuple[int, int], n: int) -> Sparse:
    """The n largest of each row, ties to the smaller column."""
    order = np.lexsort((column, -values, row))
    row, column, values = row[order], column[order], values[order]
    kept = rank_within(row) <= n
    return sparse.csr_array((values[kept].astype(np.float32), (row[kept], column[kept])), shape=shape)
