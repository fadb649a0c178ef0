"""What a bundle is made from, taken from a release's tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
import polars.selectors as cs
from numpy.typing import NDArray

from intentrec.codes import places
from intentrec.data.source import JSONLESS
from intentrec.pipeline.ranker import popular_items
from intentrec.pipeline.recommender import Recommender
from intentrec.progress import Progress
from intentrec.serving.bundle.content import Content, History, Items, Placed, Users
from intentrec.serving.bundle.entries import entry_of
from intentrec.serving.bundle.lists import StoredList
from intentrec.serving.bundle.ragged import Ragged, strings
from intentrec.serving.bundle.timeline import LOST
from intentrec.text.embeddings import open_embedder

_USERS_AT_ONCE = 1000
_HEAD = ("title", "category", "brand", "price", "name")
_STAMP = "%Y-%m-%dT%H:%M:%S%.6f+00:00"


@dataclass(frozen=True)
class Gathered:
    """A release on its way into a bundle.

    Attributes:
        made: The release as the pipeline's own reader opens it: the same vectors, tags and events.
        latest: Latest events of a user that are kept.
        progress: Shows what takes long.
    """

    made: Recommender
    latest: int
    progress: Progress

    @property
    def users(self) -> list[str]:
        """Users with a vector, ascending."""
        return sorted(self.made.ranker.users)

    def content(self, digest: str) -> Content:
        """All of it; tables are read once, lists are encoded as they are written."""
        made, release, ranker = self.made, self.made.release, self.made.ranker
        facts = {name: fact for name, fact in release.facts.items() if name != "run"}
        popular = popular_items(made.events, release.as_of, made.config.run.popular_days)
        rows = ranker.index.places(popular["item_id"].to_list())
        names, vectors = self._tags
        towers = made.workspace.artefacts.path(release.artefacts["towers"])
        return Content(
            release=release.release,
            digest=digest,
            as_of=release.as_of,
            created_at=release.created_at,
            config=release.config,
            beta=made.beta,
            stored_k=made.config.run.stored_k,
            items=self._items(),
            users=self._users(),
            history=self._history(),
            placed=self._placed(),
            popular=(rows[rows >= 0], popular["score"].to_numpy()[rows >= 0]),
            tag_names=names,
            tag_vectors=vectors,
            explanations=made.explanations.select("interest", "item_id", "text").iter_rows(),
            remembered=ranker.remembered,
            towers=towers,
            towers_width=ranker.index.vectors.shape[1] - self._encoder_width(),
            tag_scale=release.facts["towers"].get("tag_scale"),
            last_row=_greatest(made.events["row"]),
            inputs=release.inputs,
            facts=facts,
            report=release.report,
        )

    def _encoder_width(self) -> int:
        return int(self.made.release.facts["towers"].get("encoder_width", 0))

    @cached_property
    def _tags(self) -> tuple[NDArray[np.str_], NDArray[np.float32]]:
        tags, width = self.made.ranker.tags, self.made.ranker.index.vectors.shape[1]
        if tags is None:
            return strings([]), np.zeros((0, width), dtype=np.float32)
        names = strings(tags.names)
        order = np.argsort(names, kind="stable")
        return names[order], np.asarray(tags.vectors, dtype=np.float32)[order]

    @cached_property
    def _shown(self) -> pl.DataFrame:
        """What is known of each item, in the order of the index; with empty columns where nothing is known."""
        catalogue = self.made.catalogue.select("item_id", "name", "category")
        given = self.made.read("items").drop("category", strict=False)
        ids = pl.DataFrame({"item_id": self.made.ranker.index.ids.tolist()}, schema={"item_id": pl.String})
        both = ids.join(given, on="item_id", how="left", maintain_order="left")
        frame = both.join(catalogue, on="item_id", how="left", maintain_order="left")
        absent = {"brand": pl.String, "price": pl.Float64}
        frame = frame.with_columns(
            pl.lit(None, dtype=dtype).alias(name) for name, dtype in absent.items() if name not in frame.columns
        )
        price = pl.when(pl.col("price").is_finite()).then("price")
        return frame.with_columns(title=pl.col("title").fill_null(""), price=price)

    def _items(self) -> Items:
        shown, index = self._shown, self.made.ranker.index
        categories = shown["category"].drop_nulls().unique().sort().to_list()
        brands = shown["brand"].drop_nulls().unique().sort().to_list()
        text = _embedded(self.made, shown["title"].to_list(), self.progress)
        further = [name for name in shown.columns if name not in (*_HEAD, "item_id")]
        return Items(
            ids=index.ids,
            vectors=index.vectors,
            heads=_as_json(shown, list(_HEAD)),
            more=_as_json(shown, further),
            categories=_coded(shown["category"], categories),
            category_names=categories,
            brands=_coded(shown["brand"], brands),
            brand_names=strings(brands),
            prices=shown["price"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
            text=text,
            engine=index.engine,
        )

    def _users(self) -> Users:
        ranker, ids = self.made.ranker, self._user_ids
        rows = np.array([ranker.users[user] for user in self.users], dtype=np.int64)
        counted = dict(self.made.events.group_by("user_id").len().iter_rows())
        about, attributes = self._about(), self.made.attributes()["user_id"].to_list()
        others = {user: about.get(user, "").encode() for user in attributes if user not in ranker.users}
        seen, chosen = self._seen(ids)
        return Users(
            ids=ids,
            vectors=ranker.vectors[rows] if len(rows) else np.zeros((0, ranker.index.vectors.shape[1]), np.float32),
            n_events=np.array([counted.get(user, 0) for user in self.users], dtype=np.int64),
            seen=seen,
            chosen=chosen,
            lists=self._lists(),
            about=(about.get(user, "").encode() for user in self.users),
            others=others,
        )

    def _seen(self, ids: NDArray[np.str_]) -> tuple[Ragged, NDArray[np.bool_]]:
        wanted = pl.col("event").is_in(self.made.config.events.named("intent")).any()
        had = self.made.events.drop_nulls("item_id").group_by("user_id", "item_id").agg(wanted.alias("chosen"))
        user, item, chosen = self._user_rows(had["user_id"]), self._item_rows(had["item_id"]), had["chosen"].to_numpy()
        kept = (user >= 0) & (item >= 0)
        user, item, chosen = user[kept], item[kept], chosen[kept]
        order = np.lexsort((item, user))
        return Ragged.grouped(user[order], item[order], len(ids)), chosen[order]

    def _item_rows(self, items: pl.Series) -> NDArray[np.int64]:
        """Row of each item, -1 for null and for one that the index does not know."""
        return _rows_in(self.made.ranker.index.ids, items)

    @cached_property
    def _user_ids(self) -> NDArray[np.str_]:
        return strings(self.users)

    def _user_rows(self, users: pl.Series) -> NDArray[np.int64]:
        return _rows_in(self._user_ids, users)

    @cached_property
    def _recommended(self) -> pl.DataFrame:
        """The stored lists, written sentences over those made by rule, by user and rank."""
        return self.made.with_written(self.made.read("recommendations")).sort("user_id", "rank")

    def _lists(self) -> Iterator[bytes]:
        """`StoredList.pack` of each user, in order."""
        heads, rows = self._shown.select("title", "category", "brand", "price").to_dicts(), self._recommended
        item = self._item_rows(rows["item_id"])
        starts = Ragged.grouped(self._user_rows(rows["user_id"]), item, len(self.users)).starts
        with self.progress.track("lists", total=len(self.users)) as advance:
            for first in range(0, len(self.users), _USERS_AT_ONCE):
                last = min(first + _USERS_AT_ONCE, len(self.users))
                base = int(starts[first])
                told = rows.slice(base, int(starts[last]) - base).to_dicts()
                for user in range(first, last):
                    places_ = range(int(starts[user]), int(starts[user + 1]))
                    entries = [entry_of(told[place - base], heads[item[place]]) for place in places_]
                    yield StoredList.pack(item[places_.start : places_.stop], entries)
                advance(last - first)

    def _placed(self) -> Placed:
        rows, (names, _) = self._recommended, self._tags
        user = self._user_rows(rows["user_id"])
        tag = _rows_in(names, rows["tag"])
        item, rank = self._item_rows(rows["item_id"]), rows["rank"].to_numpy()
        kept = (user >= 0) & (item >= 0)
        return Placed(user[kept], item[kept], rank[kept], tag[kept])

    def _about(self) -> dict[str, str]:
        """JSON of `profile`, `interests` and `tags` by user."""
        profiles = self.made.read("profiles")
        interests = self.made.interests.sort("user_id", "weight", "interest_id", descending=[False, True, False])
        parts = [
            _json_rows(frame, list_name)
            for frame, list_name in ((profiles, "profile"), (interests, "interests"), (self.made.tags, "tags"))
        ]
        users = pl.concat([part.select("user_id") for part in parts]).unique().sort("user_id")
        for part in parts:
            users = users.join(part, on="user_id", how="left", maintain_order="left")
        return {
            user: f'{{"profile":{profile or "null"},"interests":[{interests or ""}],"tags":[{tags or ""}]}}'
            for user, profile, interests, tags in users.iter_rows()
        }

    def _history(self) -> History:
        proofs = self.made.interests.select("user_id", row="evidence").explode("row").drop_nulls().unique()
        back = pl.len().over("user_id") - 1 - pl.int_range(pl.len()).over("user_id")
        marked = self.made.events.join(
            proofs.with_columns(_proof=pl.lit(value=True)), on=["user_id", "row"], how="left", maintain_order="left"
        ).sort("user_id", "timestamp", "row")
        kept = marked.filter((back < self.latest) | pl.col("_proof"))
        user = self._user_rows(kept["user_id"])
        kept, user = kept.filter(pl.Series(user >= 0)), user[user >= 0]
        kinds = kept["event"].unique().sort().to_list()
        item = self._item_rows(kept["item_id"])
        lost = (item < 0) & kept["item_id"].is_not_null().to_numpy()
        words = pl.select(pl.when(pl.Series(lost)).then(kept["item_id"]).otherwise(kept["query"]).fill_null(""))
        return History(
            starts=Ragged.grouped(user, user, len(self.users)).starts,
            row=kept["row"].to_numpy(),
            time=kept["timestamp"].dt.epoch("us").to_numpy(),
            event=_coded(kept["event"], kinds),
            kinds=kinds,
            item=np.where(lost, LOST, item),
            weight=kept["weight"].fill_null(float("nan")).to_numpy(),
            value=kept["value"].fill_null(float("nan")).to_numpy(),
            words=(word.encode() for word in words.to_series()),
        )


def _greatest(rows: pl.Series) -> int:
    return -1 if rows.is_empty() else int(rows.to_numpy().max())


def _rows_in(known: NDArray[np.str_], names: pl.Series) -> NDArray[np.int64]:
    """Place of each name among ascending ones, -1 for null and for one that is not there."""
    asked = names.drop_nulls().unique().to_list()
    rows = dict(zip(asked, places(known, asked).tolist(), strict=True))
    return names.replace_strict(rows, default=-1, return_dtype=pl.Int64).fill_null(-1).to_numpy()


def _coded(names: pl.Series, known: Sequence[str]) -> NDArray[np.int64]:
    codes = {name: code for code, name in enumerate(known)}
    return names.replace_strict(codes, default=-1, return_dtype=pl.Int64).fill_null(-1).to_numpy()


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns that have a JSON form, times as ISO 8601."""
    kept = frame.select(name for name, dtype in frame.schema.items() if not isinstance(dtype, JSONLESS))
    return kept.with_columns(cs.datetime().dt.strftime(_STAMP))


def _as_json(frame: pl.DataFrame, columns: list[str]) -> Iterator[bytes]:
    chosen = _plain(frame.select(columns))
    if not chosen.width:
        yield from (b"{}" for _ in range(frame.height))
        return
    texts = chosen.select(pl.struct(pl.all()).struct.json_encode()).to_series()
    yield from (text.encode() for text in texts)


def _json_rows(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """`user_id` and the user's rows as JSON objects joined with commas, in their order."""
    fields = [column for column in frame.columns if column != "user_id"]
    rows = _plain(frame).select("user_id", pl.struct(fields).struct.json_encode().alias(name))
    return rows.group_by("user_id", maintain_order=True).agg(pl.col(name).str.join(","))


def _embedded(made: Recommender, titles: list[str], progress: Progress) -> NDArray[np.float16] | None:
    """Text vectors of titles, (N, T); kept in the workspace's cache, where the towers have most of them already."""
    if not titles:
        return None
    embedder = open_embedder(made.config.text, made.workspace.cache, progress)
    return embedder.embed(titles).astype(np.float16)
