"""Our search with filters against bare faiss on one index: `python -m benchmarks.search [--items N] [--json FILE]`.

Two kinds of made vectors. "clustered": a mixture of 2,000 Gaussians, of about equal lengths; `--noise` says how far
they overlap. At 0.5 they hardly do, three lists hold everything, and bare faiss is so fast that any filter shows; at 1
an index has to probe as it does on real vectors without clear clusters. "learned": a truncated SVD of a
log with topics and a skewed popularity; its lengths vary a hundredfold, as those of trained vectors do. Runs alternate
in one process and medians are compared. Ours leaves out what each user has seen and scores again in double precision;
faiss does neither. Recall is that of the lists with what was seen left out.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from intentrec.extras import require
from intentrec.retrieval import Hits, RetrievalConfig, build_index, top_k
from intentrec.retrieval.indexes.build import recall_of
from intentrec.retrieval.indexes.faiss_index import FaissIndex

Vectors = NDArray[np.float32]
SEEN = 40
TOPICS = 1000
EXACT = 64  # queries that are compared with all items


def clustered(
    items: int, width: int, users: int, rng: np.random.Generator, noise: float
) -> tuple[Vectors, Vectors, sparse.csr_array]:
    """Items, users and what they have seen: a mixture of Gaussians, users drawn like items, who saw what is near."""
    centres = rng.standard_normal((2000, width)).astype(np.float32)

    def drawn(n: int) -> Vectors:
        around = rng.standard_normal((n, width), dtype=np.float32)
        return (centres[rng.integers(2000, size=n)] + np.float32(noise) * around).astype(np.float32)

    vectors, queries = drawn(items), drawn(users)
    near = top_k(queries, vectors, 5 * SEEN).item.reshape(users, -1)
    picked = rng.permuted(near, axis=1)[:, :SEEN]
    seen = sparse.csr_array(
        (np.ones(picked.size, np.int8), (np.repeat(np.arange(users), SEEN), picked.ravel())), shape=(users, items)
    )
    return vectors, queries, seen


def learned(items: int, width: int, users: int, rng: np.random.Generator) -> tuple[Vectors, Vectors, sparse.csr_array]:
    """Items, users and what they have seen: singular vectors of a log of `items / 4` users with 40 events each."""
    events = _log(items, rng)
    popularity = np.asarray(events.sum(axis=0)).ravel()
    scaled = (events @ sparse.diags_array(1.0 / np.sqrt(popularity + 5.0))).astype(np.float32).tocsr()
    basis = rng.standard_normal((items, width + 16)).astype(np.float32)
    for _ in range(3):  # block power iteration
        left, _ = np.linalg.qr(scaled @ basis)
        basis = scaled.T @ left
    turn = np.linalg.svd(basis.T @ basis)[0][:, :width]
    rows = np.sort(rng.choice(events.shape[0], users, replace=False))
    queries = (left @ turn)[rows].astype(np.float32)
    seen: sparse.csr_array = events[rows].astype(np.int8)
    return (basis @ turn).astype(np.float32), queries, seen


def _log(items: int, rng: np.random.Generator) -> sparse.csr_array:
    """Users with four topics each; within a topic, and for a fifth of the events overall, popularity is Zipf's."""
    n_users = max(2000, items // 4)
    topic = rng.integers(TOPICS, size=items)
    order = np.argsort(topic, kind="stable")
    starts = np.searchsorted(topic[order], np.arange(TOPICS + 1))
    own = np.take_along_axis(rng.integers(TOPICS, size=(n_users, 4)), rng.integers(4, size=(n_users, SEEN)), axis=1)
    size = np.maximum(starts[own + 1] - starts[own], 1)
    place = np.minimum(starts[own] + size ** rng.random(own.shape) - 1, items - 1).astype(np.int64)
    item = order[place]
    anywhere = rng.random(own.shape) < 0.2
    item[anywhere] = (items ** rng.random(int(anywhere.sum())) - 1).astype(np.int64)
    rows = np.repeat(np.arange(n_users), SEEN)
    pairs = np.unique(rows * items + item.ravel())
    shape = (n_users, items)
    return sparse.csr_array((np.ones(len(pairs), np.float32), (pairs // items, pairs % items)), shape=shape)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def alternating(works: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each, run in turns so that a busy machine is busy for all."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            spent = seconds(work)
            if turn:  # the first turn warms up
                taken[name].append(spent)
    return {name: statistics.median(values) for name, values in taken.items()}


def pair(kind: str, args: argparse.Namespace) -> dict[str, Any]:
    """One row of the table."""
    rng = np.random.default_rng(args.seed)
    size = (args.items, args.width, args.queries, rng)
    vectors, queries, seen = clustered(*size, args.noise) if kind == "clustered" else learned(*size)
    config = RetrievalConfig(index="ivf", index_recall=args.recall, index_least_recall=min(0.98, args.recall))
    start = time.perf_counter()
    index = build_index(vectors, config, queries)
    built = time.perf_counter() - start
    if not isinstance(index, FaissIndex):
        raise TypeError("an ivf index is a FaissIndex")
    faiss = require("faiss", "this benchmark")
    effort = faiss.SearchParametersIVF(nprobe=index.facts.effort)
    works: dict[str, Callable[[], object]] = {
        "faiss": lambda: index.index.search(queries, args.k, params=effort),
        "ours": lambda: index.search(queries, args.k, excluded=seen),
        "ours, nothing seen": lambda: index.search(queries, args.k),
    }
    taken = alternating(works, args.repeats)
    sample = slice(0, min(200, args.queries))
    hits = index.search(queries[sample], args.k, excluded=seen[sample])
    truth = top_k(queries[sample], vectors, args.k, excluded=seen[sample])
    some = queries[:EXACT]
    exact = alternating(
        {
            "all": lambda: top_k(some, vectors, args.k),
            "a tenth": lambda: top_k(some, vectors[: args.items // 10], args.k),
        },
        3,
    )
    return {
        "vectors": kind,
        **{name: index.facts.as_dict()[name] for name in ("layout", "lists", "effort")},
        "build_s": built,
        "recall": recall_of(_table(hits), _table(truth)),
        **{f"ms a query, {name}": 1000 * value / args.queries for name, value in taken.items()},
        "ratio": taken["ours"] / taken["faiss"],
        "ms a query, exact": 1000 * exact["all"] / len(some),
        "exact, 10x items": exact["all"] / exact["a tenth"],
    }


def _table(hits: Hits) -> NDArray[np.int64]:
    """Hits of queries with equally long lists as one row each."""
    return hits.item.reshape(len(np.unique(hits.query)), -1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--k", type=int, default=100)
    parser.add_argument("--queries", type=int, default=1024)
    parser.add_argument("--recall", type=float, default=0.985)
    parser.add_argument("--noise", type=float, default=1.0, help="spread within a cluster; between them it is 1")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--vectors", nargs="+", default=["clustered", "learned"], choices=["clustered", "learned"])
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args()
    rows = [pair(kind, args) for kind in args.vectors]
    print(f"{args.items:,} x {args.width}, top {args.k}, {args.queries} queries at once, {SEEN} items seen by each")
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, faiss-cpu {version('faiss-cpu')}\n")
    print("| " + " | ".join(rows[0]) + " |")
    print("|" + " --- |" * len(rows[0]))
    for row in rows:
        cells = (f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values())
        print("| " + " | ".join(cells) + " |")
    if args.json:
        settings = {name: value for name, value in vars(args).items() if name != "json"}
        args.json.write_text(json.dumps({"settings": settings, "rows": rows}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
