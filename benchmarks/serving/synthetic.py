"""A workspace with one made release of any size: `python -m benchmarks.serving.synthetic --out DIR [--items N]`.

Nothing is trained: vectors are a mixture of Gaussians, titles are put together from words, and each user wants items
around a few centres. The bundle is what an export writes (lists of 50 with reasons, profiles, interests, tags,
histories, an index), so that `intentrec -w DIR serve` answers from it at full size. There are no towers: vectors of
users stay as they are when events come in, and only words that are tags can be wished for.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from intentrec.config import Config, template
from intentrec.retrieval import BetaByActivity, ItemIndex
from intentrec.retrieval.topk import dot_pairs
from intentrec.serving.bundle import Bundle, bundle_of
from intentrec.serving.bundle.content import Content, History, Items, Placed, Users
from intentrec.serving.bundle.entries import entry_of
from intentrec.serving.bundle.lists import StoredList
from intentrec.serving.bundle.ragged import Ragged, strings
from intentrec.serving.bundle.writing import write_bundle
from intentrec.text.hashing import HashingEmbedder
from intentrec.workspace import Manifest, Workspace

CENTRES, BRANDS, TAGS = 2000, 500, 20_000
SEEN, INTERESTS, TAGS_EACH = 40, 4, 5
TEXT_WIDTH, BETA = 128, 0.7
AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
DAY = 86_400_000_000
FIRST = (
    "vintage",
    "blue",
    "rustic",
    "retro",
    "pink",
    "ivory",
    "small",
    "large",
    "striped",
    "folding",
    "wooden",
    "glass",
)
SECOND = ("garden", "tea", "kitchen", "travel", "party", "paper", "desk", "bath", "picnic", "candle", "toy", "winter")
THIRD = ("lantern", "cup", "tin", "bag", "garland", "card", "clock", "towel", "basket", "holder", "set", "box")
SETTINGS = {"text": {"model": "hashing", "hashing_width": TEXT_WIDTH}, "run": {"stored_k": 50}}
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class World:
    """Items and users around the same centres."""

    n_items: int
    n_users: int
    k: int
    width: int
    seed: int

    @cached_property
    def centres(self) -> Vectors:
        return np.random.default_rng(self.seed).standard_normal((CENTRES, self.width), dtype=np.float32)

    @cached_property
    def cluster(self) -> NDArray[np.int64]:
        return np.random.default_rng(self.seed + 1).integers(CENTRES, size=self.n_items)

    @cached_property
    def wants(self) -> NDArray[np.int64]:
        return np.random.default_rng(self.seed + 2).integers(CENTRES, size=(self.n_users, INTERESTS))

    @cached_property
    def index(self) -> ItemIndex:
        rng = np.random.default_rng(self.seed + 3)
        vectors = self.centres[self.cluster] + rng.standard_normal((self.n_items, self.width), dtype=np.float32)
        ids = np.char.add("item", np.char.zfill(np.arange(self.n_items).astype("<U8"), 8))
        config = Config().retrieval
        return ItemIndex(ids, vectors.astype(np.float32)).searchable(config, self.users[:2000])

    @cached_property
    def users(self) -> Vectors:
        rng = np.random.default_rng(self.seed + 4)
        shares = rng.dirichlet(np.ones(INTERESTS), size=self.n_users).astype(np.float32)
        mixed = np.einsum("ui,uid->ud", shares, self.centres[self.wants])
        vectors: Vectors = (mixed + 0.3 * rng.standard_normal(mixed.shape, dtype=np.float32)).astype(np.float32)
        return vectors

    @cached_property
    def tag_vectors(self) -> Vectors:
        rng = np.random.default_rng(self.seed + 5)
        near = np.repeat(self.centres, TAGS // CENTRES, axis=0)
        vectors: Vectors = (near + 0.5 * rng.standard_normal(near.shape, dtype=np.float32)).astype(np.float32)
        return vectors

    @cached_property
    def tag_names(self) -> list[str]:
        each = TAGS // CENTRES
        return [f"{_words(place // each, place % each)} {place // each:04d}" for place in range(TAGS)]

    @cached_property
    def tags(self) -> NDArray[np.int64]:
        """Tags of each user, (U, INTERESTS, TAGS_EACH)."""
        rng = np.random.default_rng(self.seed + 6)
        picked = rng.permuted(np.tile(np.arange(TAGS // CENTRES), (self.n_users * INTERESTS, 1)), axis=1)[:, :TAGS_EACH]
        picked = picked.reshape(self.n_users, INTERESTS, TAGS_EACH)
        tags: NDArray[np.int64] = self.wants[:, :, None] * (TAGS // CENTRES) + picked
        return tags

    @cached_property
    def _found(self) -> NDArray[np.int64]:
        """The best items of each user, (U, SEEN + k): some of them were had already."""
        parts = []
        for start in range(0, self.n_users, 2000):
            queries = self.users[start : start + 2000]
            parts.append(self.index.search(queries, SEEN + self.k).item.reshape(len(queries), -1))
        return np.concatenate(parts)

    @property
    def _kept(self) -> NDArray[np.bool_]:
        """Which of them are recommended, spread evenly, (SEEN + k,)."""
        kept = np.zeros(SEEN + self.k, dtype=np.bool_)
        kept[np.linspace(1, SEEN + self.k - 1, self.k).astype(np.int64)] = True
        return kept

    @cached_property
    def seen(self) -> NDArray[np.int64]:
        """(U, SEEN)."""
        return np.sort(self._found[:, ~self._kept], axis=1)

    @cached_property
    def lists(self) -> NDArray[np.int64]:
        """(U, k)."""
        return self._found[:, self._kept]

    def head(self, item: int) -> dict[str, object]:
        """What is said of an item."""
        cluster = int(self.cluster[item])
        title = f"{_words(cluster, item)} {item}"
        price = round(1.0 + (item * 7919 % 10_000) / 100.0, 2)
        return {
            "title": title.upper(),
            "category": f"category {cluster:04d}",
            "brand": f"brand {item % BRANDS:03d}",
            "price": price,
            "name": title,
        }


def _words(cluster: int, item: int) -> str:
    return f"{FIRST[item % 12]} {SECOND[cluster % 12]} {THIRD[cluster // 12 % 12]}"


def content(world: World, release: str, digest: str, config: Config) -> Content:
    """Everything that the bundle holds; rows are made as they are written."""
    names = strings(world.tag_names)
    order = np.argsort(names, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    rng = np.random.default_rng(world.seed + 7)
    counted = np.sort(rng.zipf(1.3, size=min(world.n_items, 10_000)).astype(np.float64).clip(max=1e6))[::-1]
    popular = rng.permutation(world.n_items)[: len(counted)]
    return Content(
        release=release,
        digest=digest,
        as_of=AS_OF,
        created_at=AS_OF,
        config=config.model_dump(mode="json"),
        beta=BetaByActivity.fixed(BETA),
        stored_k=world.k,
        items=_items(world),
        users=_users(world),
        history=_history(world),
        placed=_placed(world, place),
        popular=(popular, counted),
        tag_names=names[order],
        tag_vectors=world.tag_vectors[order],
        explanations=((f"interest {n:04d}", f"item{n:08d}", f"A sentence for {n}.") for n in range(CENTRES)),
        tag_scale=1.0,
        last_row=world.n_users * SEEN - 1,
    )


def _items(world: World) -> Items:
    n = world.n_items
    words = {word: HashingEmbedder(TEXT_WIDTH).embed([word])[0] for word in (*FIRST, *SECOND, *THIRD)}
    first, second, third = (np.stack([words[word] for word in some]) for some in (FIRST, SECOND, THIRD))
    text = np.empty((n, TEXT_WIDTH), dtype=np.float16)
    for start in range(0, n, 50_000):
        rows = np.arange(start, min(start + 50_000, n))
        cluster = world.cluster[rows]
        both = first[rows % 12] + second[cluster % 12] + third[cluster // 12 % 12]
        text[rows] = both / np.linalg.norm(both, axis=1, keepdims=True)
    prices = np.round(1.0 + (np.arange(n) * 7919 % 10_000) / 100.0, 2)
    return Items(
        ids=world.index.ids,
        vectors=world.index.vectors,
        heads=(orjson.dumps(world.head(item)) for item in range(n)),
        more=(b"{}" for _ in range(n)),
        categories=world.cluster,
        category_names=[f"category {cluster:04d}" for cluster in range(CENTRES)],
        brands=np.arange(n) % BRANDS,
        brand_names=strings([f"brand {brand:03d}" for brand in range(BRANDS)]),
        prices=prices,
        text=text,
        engine=world.index.engine,
    )


def _users(world: World) -> Users:
    n = world.n_users
    starts = np.arange(n + 1) * SEEN
    return Users(
        ids=np.char.add("user", np.char.zfill(np.arange(n).astype("<U7"), 7)),
        vectors=world.users,
        n_events=np.full(n, SEEN),
        seen=Ragged(starts, world.seen.ravel()),
        chosen=np.ones(n * SEEN, dtype=np.bool_),
        lists=_lists(world),
        about=(_about(world, user) for user in range(n)),
    )


def _lists(world: World) -> Iterator[bytes]:
    for user in range(world.n_users):
        items = world.lists[user]
        own = BETA * dot_pairs(world.users, world.index.vectors, np.full(len(items), user), items)
        interest = np.arange(len(items)) % INTERESTS
        tag = world.tags[user, interest, interest]
        theirs = (1 - BETA) * dot_pairs(world.tag_vectors, world.index.vectors, tag, items)
        order = np.lexsort((items, -(own + theirs)))
        entries = [_entry(world, user, int(items[at]), float(own[at]), float(theirs[at]), int(tag[at])) for at in order]
        yield StoredList.pack(items[order], entries)


def _entry(world: World, user: int, item: int, own: float, theirs: float, tag: int) -> dict[str, object]:
    cluster = tag // (TAGS // CENTRES)
    words, interest = world.tag_names[tag], f"interest {cluster:04d}"
    row = {
        "item_id": f"item{item:08d}",
        "score": own + theirs,
        "score_user": own,
        "score_tag": theirs,
        "source": "tag" if item % 5 == 0 else "user",
        "tag": words,
        "interest": interest,
        "interest_id": f"{user:06x}{cluster:06x}",
        "reason": f"Because of your interest in {interest}: {words}",
    }
    return entry_of(row, world.head(item))


def _about(world: World, user: int) -> bytes:
    moment = AS_OF.isoformat()
    written = {"as_of": moment, "model": "none", "prompt_version": "rules"}
    rows = [user * SEEN + place for place in range(SEEN)]
    lines = [
        {"text": f"2024-05 (purchase) | {world.head(int(item))['name']}", "rows": [row]}
        for row, item in zip(rows, world.seen[user], strict=True)
    ]
    interests, tags = [], []
    for place, cluster in enumerate(world.wants[user].tolist()):
        interest_id = f"{user:06x}{cluster:06x}"
        interests.append(
            {
                "interest_id": interest_id, "interest": f"interest {cluster:04d}", "listed": True, "stage": "lasting",
                "reason": "bought 10 times", "evidence": rows[place::INTERESTS], "weight": 1.0 / (place + 1),
                "verdict": "pass", **written,
            }
        )  # fmt: skip
        tags += [
            {
                "rank": place * TAGS_EACH + n + 1, "tag": world.tag_names[tag], "interest_id": interest_id,
                "reason": "Close in kind.", "category": f"category {cluster:04d}", **written,
            }
            for n, tag in enumerate(world.tags[user, place].tolist())
        ]  # fmt: skip
    profile = {"text": "\n".join(line["text"] for line in lines), "lines": lines, "n_events": SEEN, **written}  # type: ignore[misc]
    return orjson.dumps({"profile": profile, "interests": interests, "tags": tags})


def _history(world: World) -> History:
    n = world.n_users * SEEN
    last = int(AS_OF.timestamp() * 1e6)
    order = np.random.default_rng(world.seed + 8).permuted(world.seen, axis=1)
    return History(
        starts=np.arange(world.n_users + 1) * SEEN,
        row=np.arange(n),
        time=np.tile(last - DAY * np.arange(SEEN, 0, -1), world.n_users),
        event=np.zeros(n, dtype=np.int64),
        kinds=["purchase"],
        item=order.ravel(),
        weight=np.full(n, np.nan),
        value=np.full(n, np.nan),
        words=(b"" for _ in range(n)),
    )


def _placed(world: World, place: NDArray[np.int64]) -> Placed:
    user, rank = np.divmod(np.arange(world.n_users * world.k), world.k)
    tag = world.tags[user, rank % INTERESTS, rank % INTERESTS]
    return Placed(user, world.lists.ravel(), rank + 1, place[tag])


def make(folder: Path, world: World) -> Path:
    """A workspace with a published release; the folder of its bundle."""
    settings = {**SETTINGS, "run": {"stored_k": world.k}}
    workspace = Workspace.create(folder, template(settings))
    config = Config.model_validate(settings)
    manifest = workspace.releases.publish(
        Manifest(
            as_of=AS_OF, created_at=AS_OF, fingerprint="synthetic", tables={}, config=config.model_dump(mode="json"),
            facts={"towers": {"beta": {"edges": [], "values": [BETA]}, "tag_scale": 1.0}},
            report={"steps": {}, "models": {}, "notes": ["Made for measurements; nothing is trained."]},
        )
    )  # fmt: skip
    target = bundle_of(workspace, manifest)
    write_bundle(target, content(world, manifest.release, target.name.rpartition("-")[2], config))
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--k", type=int, default=50)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="a new folder: the workspace")
    given = parser.parse_args()
    started = time.perf_counter()
    target = make(given.out, World(given.items, given.users, given.k, given.width, given.seed))
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{target}: {size / 2**30:.2f} GiB in {time.perf_counter() - started:.0f} s, {peak:.1f} GiB of memory at most"
    )
    started = time.perf_counter()
    bundle = Bundle.open(target)
    print(f"opened in {1000 * (time.perf_counter() - started):.0f} ms: {bundle.index.engine.facts}")  # type: ignore[union-attr]


if __name__ == "__main__":
    main()
