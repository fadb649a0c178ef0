"""What each road costs and gives beside quality, measured on a sample of the shop's own users and items."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import polars as pl

from intentrec.evaluation.frames import ROADS_SCHEMA
from intentrec.llm.ledger import Ledger
from intentrec.pipeline.channel import Channel
from intentrec.pipeline.day import Day
from intentrec.pipeline.inputs import Inputs
from intentrec.pipeline.ranker import Ranker
from intentrec.pipeline.reasons import chosen, with_reasons
from intentrec.retrieval import ItemIndex

if TYPE_CHECKING:
    from intentrec.encoder.encoder import Reading
    from intentrec.encoder.encoding import Coder
    from intentrec.encoder.retriever import Served
    from intentrec.encoder.vocabulary import Tokens

Thing = TypeVar("Thing")
_SAMPLE = 200
_REPEATS = 5
_SHOWN = 10
_WRITERS = ("interests", "tags", "explanations")
_SIGNAL = {
    "towers": "the towers are trained on every event; tags only steer the query",
    "encoder": "training pairs and popularity percentiles only; the text decides the rest",
}


@dataclass(frozen=True)
class Road:
    """A system with interests and tags.

    Attributes:
        day: The day that made it; its channel is the encoder beside it, if any.
    """

    name: str
    day: Day
    ranker: Ranker


@dataclass(frozen=True)
class Rival:
    """The encoder alone."""

    name: str
    channel: Channel
    served: "Served"
    inputs: Inputs

    @cached_property
    def reading(self) -> "Reading":
        """What it reads of all items and users: the whole catalogue is tokenised once for all measures."""
        return self.channel.reading(self.inputs)


@dataclass
class _Rows:
    """Collects rows of `ROADS_SCHEMA`."""

    rows: list[dict[str, object]]

    def add(
        self, question: str, measure: str, unit: str, system: str, value: float | None = None, said: str = ""
    ) -> None:
        self.rows.append(
            {"question": question, "measure": measure, "unit": unit, "system": system, "value": value, "said": said}
        )


def measured_roads(roads: Sequence[Road], rival: Rival, costs: pl.DataFrame) -> pl.DataFrame:
    """All measures of all systems: a frame of `ROADS_SCHEMA`.

    Args:
        roads: Systems with interests, first without, then with the encoder.
        rival: The encoder alone.
        costs: `COSTS_SCHEMA` of the comparison.
    """
    rows = _Rows([])
    for name, said in [(road.name, _signal(road)) for road in roads] + [(rival.name, _SIGNAL["encoder"])]:
        rows.add("Where collaborative signal enters", "through", "", name, said=said)
    _offline(rows, roads, rival)
    _online(rows, [*(road.name for road in roads), rival.name], costs)
    _freshness(rows, roads, rival)
    _chains(rows, roads, rival)
    _context(rows, roads, rival)
    return pl.DataFrame(rows.rows, schema=ROADS_SCHEMA)


def _signal(road: Road) -> str:
    return _SIGNAL["towers"] + (f"; and {_SIGNAL['encoder']}" if "encoder" in road.day.records else "")


def _offline(rows: _Rows, roads: Sequence[Road], rival: Rival) -> None:
    """Tokens and seconds for a thousand users and a thousand new items."""
    question = "Offline cost"
    users, items = _encoder_costs(rival)
    written = _llm_tokens(roads[0].day)
    towers = _tower_seconds(roads[0])
    device = "GPU" if rival.channel.encoder.device.startswith("cuda") else "CPU"
    trained = "with the next training"
    for name, llm, encoded, own, later in [
        (roads[0].name, written, None, towers, trained), (rival.name, 0.0, (users, items), 0.0, ""),
        (roads[1].name, written, (users, items), towers, f"the encoder's part; the towers' {trained}"),
    ]:  # fmt: skip
        said = "" if llm is not None else "no language model wrote"
        rows.add(question, "language model, 1,000 users", "tokens", name, llm, said)
        rows.add(question, "encoder, 1,000 users", "tokens", name, encoded[0].tokens if encoded else 0.0)
        rows.add(question, "encoder, 1,000 new items", "tokens", name, encoded[1].tokens if encoded else 0.0)
        seconds = own + (encoded[0].seconds if encoded else 0.0)
        rows.add(question, f"vectors of 1,000 users, {device}", "s", name, seconds)
        new = encoded[1].seconds if encoded else None
        rows.add(question, f"vectors of 1,000 new items, {device}", "s", name, new, later)


@dataclass(frozen=True)
class _Spent:
    """For a thousand texts."""

    tokens: float
    seconds: float


def _encoder_costs(rival: Rival) -> tuple[_Spent, _Spent]:
    """Of users and of items, on texts that are not in the store."""
    reading = rival.reading
    prompts = reading.item_prompts()
    users = reading.user_prompts(_sampled(list(rival.served.users)))
    return _spent(rival, users), _spent(rival, _sampled(prompts))


def _spent(rival: Rival, texts: "Sequence[Tokens]") -> _Spent:
    coder: Coder = rival.channel.encoder.coder(None)
    seconds = _seconds(lambda: coder.encode(texts), on_gpu=coder.device.startswith("cuda"))
    scale = 1000 / max(1, coder.n_encoded)
    return _Spent(coder.n_tokens * scale, seconds * scale)


def _llm_tokens(day: Day) -> float | None:
    """Tokens read and written for a thousand users since the ledger began; None where nothing was written."""
    path = day.steps.workspace.ledger
    if not path.exists():
        return None
    ledger = Ledger(path)
    try:
        tokens = sum(t.prompt_tokens + t.completion_tokens for t in ledger.totals() if t.stage in _WRITERS)
    finally:
        ledger.close()
    writers = day.tools.llm_users
    n_users = len(day.inputs.events["user_id"].unique()) if writers is None else len(writers)
    return 1000 * tokens / n_users if tokens and n_users else None


def _tower_seconds(road: Road) -> float:
    users = _sampled(list(road.ranker.users))
    towers, events = road.day.trained_towers(), road.day.inputs.events
    return _seconds(lambda: towers.user_vectors(events, users), on_gpu=False) * 1000 / max(1, len(users))


def _online(rows: _Rows, names: Sequence[str], costs: pl.DataFrame) -> None:
    question = "Online cost"
    known = {row["system"]: row for row in costs.iter_rows(named=True)}
    for name in names:
        rows.add(question, "ranking one user's full list", "ms", name, known[name]["ms_per_user"])
        rows.add(question, "size of what is held", "MB", name, known[name]["mb"])


def _freshness(rows: _Rows, roads: Sequence[Road], rival: Rival) -> None:
    """Seconds of work from an event, or a new item, until lists show it."""
    question = "Freshness"
    user = next(iter(rival.served.users))
    reading = rival.reading
    one_user, one_item = reading.user_prompts([user]), reading.item_prompts()[:1]
    for road in roads:
        towers, events = road.day.trained_towers(), road.day.inputs.events.filter(pl.col("user_id") == user)
        spent = _median(partial(towers.user_vectors, events, [user])) + _median(
            partial(road.ranker.recommend, [user], 100)
        )
        encoded = "encoder" in road.day.records
        more = _encoding(rival, one_user) if encoded else 0.0
        rows.add(
            question, "a new event in the user's list", "s", road.name, spent + more, "interests: the next daily run"
        )
        rows.add(question, "a new item in lists", "s", road.name, said="the next daily run")
    search = _median(lambda: rival.served.recommend([user], 100))
    rows.add(question, "a new event in the user's list", "s", rival.name, search + _encoding(rival, one_user))
    build = _median(lambda: ItemIndex.build(rival.served.index.ids.tolist(), rival.served.index.vectors))
    rows.add(question, "a new item in lists", "s", rival.name, build + _encoding(rival, one_item) + search)


def _encoding(rival: Rival, texts: "Sequence[Tokens]") -> float:
    return _median(lambda: rival.channel.encoder.coder(None).encode(texts))


def _chains(rows: _Rows, roads: Sequence[Road], rival: Rival) -> None:
    """Of the first places shown, the share whose tag, interest and evidence are all there and agree."""
    question = "Interpretability"
    measure = f"rows of the first {_SHOWN} with a checked chain of evidence"
    for road in roads:
        users = _sampled(list(road.ranker.users), 500)
        rows.add(question, measure, "share", road.name, chain_share(road.day, _told(road, users), users))
    rows.add(question, measure, "share", rival.name, 0.0, "nearest items only")


def _told(road: Road, users: Sequence[str]) -> pl.DataFrame:
    """The first places with their interests, as users get them."""
    day, shown = road.day, road.ranker.recommend(users, _SHOWN)
    near = road.ranker.nearest(shown, chosen(day.inputs.events, day.tools.config.events))
    interests, tags, catalogue = (day.table(stage) for stage in ("interests", "tags", "catalogue"))
    return with_reasons(shown, near, interests, tags, catalogue, day.tools.config.language)


def chain_share(day: Day, shown: pl.DataFrame, users: Sequence[str]) -> float:
    """Share of shown rows that lead over an interest to events of that very user, and to nobody else's.

    Args:
        day: Whose interests and tags are told.
        shown: `user_id, interest_id, tag`. A row that names a tag must have it from its interest; one that names none
            got its interest because one of the interest's tags leads to the item's category.
        users: All users of `shown`.
    """
    if shown.is_empty():
        return 0.0
    own = day.inputs.events.filter(pl.col("user_id").is_in(list(users))).select("user_id", "row")
    interests = day.table("interests").filter(pl.col("user_id").is_in(list(users)), pl.col("verdict") == "pass")
    evidence = interests.select("user_id", "interest_id", pl.col("evidence").alias("row")).explode("row")
    proven = evidence.join(own.with_columns(theirs=pl.lit(True)), on=["user_id", "row"], how="left")
    sound = proven.group_by("user_id", "interest_id").agg(pl.col("theirs").fill_null(False).all())
    tags = day.table("tags").select("user_id", "interest_id", "tag").unique()
    chained = shown.join(sound.filter("theirs"), on=["user_id", "interest_id"], how="semi")
    tagged = chained.filter(pl.col("tag").is_not_null()).join(tags, on=["user_id", "interest_id", "tag"], how="semi")
    return (chained["tag"].null_count() + tagged.height) / shown.height


def _context(rows: _Rows, roads: Sequence[Road], rival: Rival) -> None:
    users = _sampled(list(rival.served.users), 2000)
    share = float(rival.reading.overflow(users).mean())
    question, measure = "Context", "users whose history does not fit"
    rows.add(question, measure, "share", rival.name, share, f"{rival.channel.encoder.config.user_tokens} tokens")
    for road in roads:
        said = (
            "the towers read all of it"
            if "encoder" not in road.day.records
            else "the encoder's part; the towers read all"
        )
        rows.add(question, measure, "share", road.name, share if "encoder" in road.day.records else 0.0, said)


def _seconds(work: Callable[[], object], *, on_gpu: bool) -> float:
    """CPU seconds, or seconds on the wall where a GPU works."""
    clock = perf_counter if on_gpu else process_time
    start = clock()
    work()
    return clock() - start


def _median(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(_REPEATS):
        start = perf_counter()
        work()
        spent.append(perf_counter() - start)
    return median(spent)


def _sampled(things: Sequence[Thing], n: int = _SAMPLE) -> list[Thing]:
    """At most `n`, evenly spread."""
    return [things[place] for place in np.unique(np.linspace(0, len(things) - 1, min(n, len(things))).astype(int))]
