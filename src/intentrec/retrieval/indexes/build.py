"""An index chosen by size, tuned on real queries and measured against exact search before anybody may use it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from intentrec.errors import ConfigError, DataError
from intentrec.extras import require
from intentrec.retrieval.config import RetrievalConfig
from intentrec.retrieval.indexes.exact import ExactIndex
from intentrec.retrieval.indexes.faiss_index import PURPOSE, FaissIndex
from intentrec.retrieval.indexes.ivf import LAYOUTS, lists_of, scanned
from intentrec.retrieval.indexes.protocol import IndexFacts, VectorIndex, digest_of
from intentrec.retrieval.indexes.torch_exact import TorchIndex
from intentrec.retrieval.topk import Ints, Vectors, top_k

_AT = 200  # length of the lists that are compared: a list of 100 for somebody who saw half of what is best
_QUERIES = 400  # the standard error of a recall of .98 over them is below .002
_HNSW_NEIGHBOURS = 16
_HNSW_BUILD = 100
_FINE = 1.05  # efforts closer than this are not told apart


def build_index(vectors: Vectors, config: RetrievalConfig, queries: Vectors | None = None) -> VectorIndex:
    """An index of the vectors; see `RetrievalConfig.index`.

    Args:
        vectors: (N, D).
        config: Kind, sizes and recalls.
        queries: Real queries, e.g. user vectors, (Q, D): what recall is measured on. An exact index needs none.

    Raises:
        ConfigError: The index finds less than `config.index_least_recall`, or an approximate one is asked for without
            queries to measure it.
        MissingExtra: The index needs a package that is not installed.
    """
    kind = config.index
    if kind == "auto":
        kind = "exact" if len(vectors) <= config.index_exact_up_to else "ivf"
    if kind == "exact" or not len(vectors):
        return ExactIndex(vectors, config.block_scores)
    if kind == "torch":
        return TorchIndex(vectors, device=config.index_device, half=config.index_half, block_scores=config.block_scores)
    if queries is None or not len(queries):
        raise ConfigError(f'retrieval.index is "{kind}", which is measured on users, and there are none; use "exact".')
    asked = _sample(queries)
    truth = _truth(vectors, asked)
    index = _best_ivf(vectors, asked, truth, config) if kind == "ivf" else _hnsw(vectors, asked, truth, config)
    if index.facts.recall < config.index_least_recall:
        raise ConfigError(
            f'The "{kind}" index finds {index.facts.recall:.3f} of the true first {index.facts.at}, and '
            f'retrieval.index_least_recall is {config.index_least_recall:g}. Use retrieval.index = "exact" or lower it.'
        )
    return index


def _sample(queries: Vectors) -> Vectors:
    """So many queries, evenly spread over the rows."""
    rows = np.unique(np.linspace(0, len(queries) - 1, min(_QUERIES, len(queries))).astype(np.int64))
    return np.ascontiguousarray(queries[rows], dtype=np.float32)


def _truth(vectors: Vectors, asked: Vectors) -> Ints:
    """The true best items of each query, (Q, `_AT` or N)."""
    return top_k(asked, vectors, _AT).item.reshape(len(asked), -1)


def _best_ivf(vectors: Vectors, asked: Vectors, truth: Ints, config: RetrievalConfig) -> FaissIndex:
    """Of the two ways to cluster the one that reaches the recall with fewer items scanned."""
    lists = lists_of(len(vectors))
    facts = IndexFacts.of("ivf", vectors, at=truth.shape[1], queries=len(asked), lists=lists)
    found = []
    for layout, make in LAYOUTS.items():
        index, held = make(vectors, lists)
        tuned = _tuned(FaissIndex(vectors, index, replace(facts, layout=layout), held), asked, truth, config, lists)
        reached = tuned.facts.recall >= config.index_recall
        found.append((not reached, scanned(index, asked, tuned.facts.effort), tuned))
    return min(found, key=lambda one: one[:2])[2]


def _hnsw(vectors: Vectors, asked: Vectors, truth: Ints, config: RetrievalConfig) -> FaissIndex:
    faiss = require("faiss", PURPOSE)
    index = faiss.IndexHNSWFlat(vectors.shape[1], _HNSW_NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = _HNSW_BUILD
    index.add(vectors)
    facts = IndexFacts.of("hnsw", vectors, at=truth.shape[1], queries=len(asked))
    # Beyond so many candidates comparing everything is faster.
    return _tuned(FaissIndex(vectors, index, facts), asked, truth, config, max(4096, len(vectors) // 20))


def _tuned(index: FaissIndex, asked: Vectors, truth: Ints, config: RetrievalConfig, most: int) -> FaissIndex:
    """The index with the least effort that reaches the recall, or with the most where none does."""

    def recall(effort: int) -> float:
        return recall_of(index.find(asked, truth.shape[1], effort=effort), truth)

    # A graph keeps at least as many candidates as it returns, so less effort is not less at this length.
    high = truth.shape[1] if index.facts.kind == "hnsw" else 1
    low = high - 1
    while high < most and recall(high) < config.index_recall:
        low, high = high, high * 2
    high = min(high, most)
    while high - low > 1 and high > low * _FINE:
        middle = (low + high) // 2
        low, high = (low, middle) if recall(middle) >= config.index_recall else (middle, high)
    return replace(index, facts=replace(index.facts, effort=high, recall=recall(high)))


def recall_of(found: Ints, truth: Ints) -> float:
    """Share of the true items that were found, over all queries; both (Q, K)."""
    rows = np.arange(len(truth), dtype=np.int64)[:, None] * (int(max(truth.max(), found.max())) + 1)
    return float(np.isin((truth + rows).ravel(), (found + rows)[found >= 0]).mean())


def save_index(index: VectorIndex, folder: Path) -> None:
    """Write what was built and what is known about it: `index.json`, and `index.faiss` where there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(index, FaissIndex):
        require("faiss", PURPOSE).write_index(index.index, str(folder / "index.faiss"))
    (folder / "index.json").write_text(json.dumps(index.facts.as_dict(), indent=2) + "\n", "utf-8")


def load_index(folder: Path, vectors: Vectors, config: RetrievalConfig, *, mapped: bool = False) -> VectorIndex:
    """The index that was saved, over the same vectors.

    Args:
        mapped: Leave what can be left on disk, shared by all processes: lists of an "ivf" are mapped, and the vectors
            are compared with what the index was built from by their number and width only.

    Raises:
        DataError: There is none, it cannot be read, or it was built from other vectors.
    """
    facts = _facts(folder / "index.json")
    same = vectors.shape == (facts.items, facts.width) and (mapped or facts.digest == digest_of(vectors))
    if not same:
        raise DataError(f"The index in {folder} was built from other vectors; build it again.")
    if facts.kind in ("exact", "torch"):
        return build_index(vectors, config.model_copy(update={"index": facts.kind}))
    faiss = require("faiss", PURPOSE)
    try:
        index: Any = faiss.read_index(str(folder / "index.faiss"), faiss.IO_FLAG_MMAP if mapped else 0)
    except RuntimeError as error:
        raise DataError(f"{folder / 'index.faiss'} cannot be read: build the index again.") from error
    if mapped and facts.kind == "ivf":
        # By default each search starts threads that read ahead: 2 ms instead of 0.15 where all is in memory.
        faiss.downcast_InvertedLists(index.invlists).prefetch_nthread = 0
    return FaissIndex(vectors, index, facts)


def _facts(file: Path) -> IndexFacts:
    try:
        return IndexFacts(**json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{file} is not the description of an index: {error}. Build the index again.") from error
