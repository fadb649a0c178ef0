"""Every table that crosses a door: name, columns, types, key, and one line of meaning each.

This is the one home of the contract: `Table.check` enforces it, `docs/tables.md` is generated from it.
Ids are strings at every public door. Timestamps are UTC with microseconds. `as_of` is exclusive: a row that says
`as_of = T` was computed from events with `timestamp < T` and from nothing later.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from intentrec.errors import DataError

TIMESTAMP = pl.Datetime("us", "UTC")
EVENT_ROWS = pl.List(pl.Int64)
LINES = pl.List(pl.Struct({"text": pl.String, "rows": EVENT_ROWS}))
MESSAGES = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))


@dataclass(frozen=True)
class Column:
    """One column: its polars type, its meaning, and whether it may be absent from a file that comes in."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    meaning: str
    optional: bool = False


@dataclass(frozen=True)
class Table:
    """The contract of one table.

    Attributes:
        key: The columns that name a row; no two rows share them. Empty where rows have no key.
        open: Whether further columns of the user's own are kept.
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    open: bool = False
    _names: frozenset[str] = field(init=False, repr=False, compare=False, default=frozenset())

    def __post_init__(self) -> None:
        object.__setattr__(self, "_names", frozenset(column.name for column in self.columns))

    @property
    def schema(self) -> pl.Schema:
        """Column names and types in their order, optional ones included."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    def empty(self) -> pl.DataFrame:
        """A frame with all columns and no rows."""
        return pl.DataFrame(schema=self.schema)

    def check(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame in contract order: absent optional columns are added as nulls, types are compared exactly.

        Raises:
            DataError: A column is missing, has another type, or is not in the contract of a closed table.
        """
        missing = [c.name for c in self.columns if not c.optional and c.name not in frame.columns]
        if missing:
            raise DataError(f"Table {self.name!r} lacks {_quoted(missing)}; it has {_quoted(frame.columns)}.")
        unknown = [name for name in frame.columns if name not in self._names]
        if unknown and not self.open:
            raise DataError(f"Table {self.name!r} has no place for {_quoted(unknown)}.")
        absent = [c for c in self.columns if c.name not in frame.columns]
        frame = frame.with_columns(pl.lit(None, dtype=c.dtype).alias(c.name) for c in absent)
        for column in self.columns:
            if frame.schema[column.name] != column.dtype:
                raise DataError(
                    f"Column {column.name!r} of table {self.name!r} is {frame.schema[column.name]}, "
                    f"but must be {column.dtype}."
                )
        return frame.select(*(c.name for c in self.columns), *unknown)

    def rows(self, rows: Iterable[dict[str, object]]) -> pl.DataFrame:
        """A frame of this table from dicts; a missing key becomes null."""
        return pl.DataFrame(list(rows), schema=self.schema)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names) or "no columns"


_USER = Column("user_id", pl.String, "who")
_ITEM = Column("item_id", pl.String, "which item")
_AS_OF = Column("as_of", TIMESTAMP, "computed from what was known before this time")
_MODEL = Column("model", pl.String, "which model wrote it; 'none' where no language model did")
_PROMPT = Column("prompt_version", pl.String, "name and hash of the prompt file; 'rules' where there was none")

ITEMS = Table(
    "items",
    "What can be recommended.",
    ("item_id",),
    (
        _ITEM,
        Column("title", pl.String, "name as shoppers see it"),
        Column("category", pl.String, "one category name, as fine as you like", optional=True),
        Column("brand", pl.String, "brand; never enters a tag", optional=True),
        Column("description", pl.String, "free text", optional=True),
        Column("price", pl.Float64, "price in one currency", optional=True),
        Column("created_at", TIMESTAMP, "when the item appeared; an earlier run cannot see it", optional=True),
    ),
    open=True,
)

USERS = Table(
    "users",
    "Attributes of users. Every further column is an attribute that may enter the profile text.",
    ("user_id",),
    (_USER,),
    open=True,
)

EVENTS = Table(
    "events",
    "What users did, one event a row.",
    ("row",),
    (
        Column("row", pl.Int64, "the event's number, given at ingest, never used twice; evidence points here"),
        _USER,
        Column("timestamp", TIMESTAMP, "when"),
        Column("event", pl.String, "kind, e.g. view, click, favourite, cart, purchase, search, rating, return"),
        Column("item_id", pl.String, "which item; null for a search", optional=True),
        Column("query", pl.String, "the words of a search", optional=True),
        Column(
            "weight",
            pl.Float64,
            "strength of this one event; multiplies the weight of its kind",
            optional=True,
        ),
        Column("value", pl.Float64, "money or rating", optional=True),
    ),
    open=True,
)

IMPRESSIONS = Table(
    "impressions",
    "What users were shown.",
    (),
    (
        _USER,
        Column("timestamp", TIMESTAMP, "when"),
        _ITEM,
        Column("clicked", pl.Boolean, "whether the user reacted"),
        Column("position", pl.Int64, "place in the list, from 1", optional=True),
        Column("request_id", pl.String, "which page view", optional=True),
    ),
    open=True,
)

EXPOSURES = Table(
    "exposures",
    "Which users were served which arm of an experiment; a user's first one each day is enough.",
    (),
    (
        Column("experiment", pl.String, "which experiment"),
        Column("arm", pl.String, "which arm"),
        _USER,
        Column("timestamp", TIMESTAMP, "when"),
        Column("request_id", pl.String, "of which request", optional=True),
        Column("release", pl.String, "the release that answered"),
    ),
)

QUARANTINE = Table(
    "quarantine",
    "Input rows that did not pass the checks; nothing is dropped without a trace.",
    (),
    (
        Column("table", pl.String, "the table the row was meant for"),
        Column("source", pl.String, "file it came from"),
        Column("line", pl.Int64, "row of the file, from 1; null where it has none"),
        Column("reason", pl.String, "what was wrong"),
        Column("record", pl.String, "the row as JSON, or its raw text, at most 2,000 characters"),
    ),
)

CATALOGUE = Table(
    "catalogue",
    "What the system makes of each item: short name, tag phrase and category.",
    ("item_id",),
    (
        _ITEM,
        Column("name", pl.String, "the item compressed to its core attributes, as it stands in profiles"),
        Column("phrase", pl.String, "modifier + core word: the item's own tag, positive of L_tag"),
        Column("category", pl.String, "given category, or the name of its cluster"),
        _AS_OF,
        _MODEL,
        _PROMPT,
    ),
)

POOL = Table(
    "pool",
    "Candidate interests that profiles are matched with (the pool I_m of RecGPT-V1, section 2.1).",
    ("interest",),
    (
        Column("interest", pl.String, "name of the interest"),
        Column("category", pl.String, "the category it leads to"),
        Column("n_items", pl.Int64, "how many items it covers"),
        _AS_OF,
    ),
)

PROFILES = Table(
    "profiles",
    "Each user's attributes and behaviour as compact text, with a way back to the events.",
    ("user_id",),
    (
        _USER,
        Column("text", pl.String, "attributes, then numbered lines: time (behaviours), ... | items"),
        Column("lines", LINES, "the lines in order, each with the event rows it stands for"),
        Column("n_events", pl.Int64, "reliable events that the text stands for"),
        Column("n_events_trimmed", pl.Int64, "reliable events left out to hold the token budget"),
        Column("n_tokens", pl.Int64, "tokens of the text"),
        Column("n_tokens_raw", pl.Int64, "tokens of the same events written one a line"),
        _AS_OF,
    ),
)

INTERESTS = Table(
    "interests",
    "What each user wants, with a reason and the events that show it.",
    ("user_id", "interest_id"),
    (
        _USER,
        Column("interest_id", pl.String, "short hash of user and interest"),
        Column("interest", pl.String, "a short phrase"),
        Column("listed", pl.Boolean, "whether it stands in the pool"),
        Column("stage", pl.String, "new, growing, lasting or fading"),
        Column("reason", pl.String, "one sentence"),
        Column("evidence", EVENT_ROWS, "rows of events"),
        Column("weight", pl.Float64, "share of the user's recent activity behind it, 0 to 1"),
        Column("verdict", pl.String, "'pass'; what failed is in `rejections`"),
        _AS_OF,
        _MODEL,
        _PROMPT,
    ),
)

TAGS = Table(
    "tags",
    "Descriptions of items the user may want next: modifier + core word, each tied to one interest.",
    ("user_id", "rank"),
    (
        _USER,
        Column("rank", pl.UInt32, "from 1, best first"),
        Column("tag", pl.String, "modifier + core word"),
        Column("interest_id", pl.String, "the interest it serves"),
        Column("reason", pl.String, "one sentence"),
        Column("category", pl.String, "phi(tag): the category it leads to"),
        _AS_OF,
        _MODEL,
        _PROMPT,
    ),
)

REJECTIONS = Table(
    "rejections",
    "What a model wrote and the gate refused, with the reason.",
    (),
    (
        Column("stage", pl.String, "the stage that asked"),
        Column("subject", pl.String, "the user or item it was about"),
        Column("reason", pl.String, "the rule that refused it, a short fixed word such as 'copies-title'"),
        Column("output", pl.String, "what was refused, at most 2,000 characters"),
        _AS_OF,
        _MODEL,
        _PROMPT,
    ),
)

VECTORS = Table(
    "vectors",
    "Tower outputs in one space: items, users and tags.",
    ("kind", "id"),
    (
        Column("kind", pl.String, "item, user or tag"),
        Column("id", pl.String, "item_id, user_id or the tag itself"),
        Column("vector", pl.List(pl.Float32), "the tower's output"),
        Column("model_version", pl.String, "hash of the trained towers"),
    ),
)

EXPLANATIONS = Table(
    "explanations",
    "Why an item fits an interest, written ahead of time.",
    ("interest", "item_id"),
    (
        Column("interest", pl.String, "the interest"),
        _ITEM,
        Column("text", pl.String, "one short sentence"),
        Column("evidence", pl.List(pl.String), "words of the item and the interest that the sentence rests on"),
        Column("verdict", pl.String, "'pass'; what failed is in `rejections`"),
        _AS_OF,
        _MODEL,
        _PROMPT,
    ),
)

RECOMMENDATIONS = Table(
    "recommendations",
    "What each user is shown, best first.",
    ("user_id", "rank"),
    (
        _USER,
        Column("rank", pl.UInt32, "from 1"),
        _ITEM,
        Column("score", pl.Float64, "score_user + score_tag"),
        Column("score_user", pl.Float64, "beta * h_user . h_item"),
        Column("score_tag", pl.Float64, "(1 - beta) * h_tag . h_item; null where no tag took part"),
        Column("source", pl.String, "the channel: 'user' or 'tag'; 'popular' for a user without history"),
        Column("tag", pl.String, "the tag of the interest nearest to the item"),
        Column("interest_id", pl.String, "the interest behind it"),
        Column("interest", pl.String, "its name"),
        Column("reason", pl.String, "one sentence; never null"),
        _AS_OF,
    ),
)

LABELS = Table(
    "labels",
    "What people judged of what was written: interests, tags and explanations.",
    ("label_id",),
    (
        Column("label_id", pl.String, "which judgement; a later one of the same id replaces it"),
        Column("task", pl.String, "what was judged: interest, tag or explanation"),
        Column("subject", pl.String, "the user or item it is about"),
        Column("user_id", pl.String, "who it was written for"),
        Column("item_id", pl.String, "the item it explains"),
        Column("interest", pl.String, "the interest it belongs to"),
        Column("text", pl.String, "the words that were judged"),
        Column("criterion", pl.String, "by what it was judged"),
        Column("verdict", pl.String, "the judgement"),
        Column("rater", pl.String, "who judged"),
        Column("note", pl.String, "what the rater added"),
        Column("at", TIMESTAMP, "when"),
    ),
)

VERDICTS = Table(
    "verdicts",
    "What the judge says of what was written; the latest judgement of each thing by each criterion.",
    ("task", "case_id", "criterion"),
    (
        Column("task", pl.String, "what was judged: interest, tag or explanation"),
        Column(
            "case_id", pl.String, "which thing: a hash of the task, user, item, interest and text that it depends on"
        ),
        Column("user_id", pl.String, "who it was written for; null for an explanation"),
        Column("item_id", pl.String, "the item it explains; null for interests and tags"),
        Column("interest", pl.String, "the interest it belongs to"),
        Column("text", pl.String, "the words that were judged"),
        Column("writer", pl.String, "which model wrote them; 'none' where no language model did"),
        Column("criterion", pl.String, "by what it was judged; 'grade' for the whole: bad, average or superior"),
        Column("verdict", pl.String, "the judgement"),
        Column("passed", pl.Boolean, "whether it passes by this criterion; on the whole, whether nothing is wrong"),
        Column(
            "decided_by",
            pl.String,
            "rule (it found a fault, or none and nobody was asked), model, unquoted (a model whose quote stands "
            "nowhere in what it was shown) or all",
        ),
        Column("fault", pl.String, "the rule that found the fault, a short fixed word; null where none did"),
        Column("quote", pl.String, "the words that decided"),
        _AS_OF,
        Column("model", pl.String, "which model the judge asked; 'none' for rules alone"),
        Column("prompt_version", pl.String, "name and hash of the judge's prompt; 'rules' where a rule decided"),
    ),
)

SAMPLES = Table(
    "samples",
    "What language models are trained on: questions with the answers to learn.",
    ("sample_id",),
    (
        Column("sample_id", pl.String, "short hash of the question, the answer and where they come from"),
        Column("task", pl.String, "interests, tags, explanations, curriculum:<name> or general"),
        Column("source", pl.String, "rules, teacher, self, behaviour, curriculum or general"),
        Column("writer", pl.String, "which model wrote the answer; 'none' where no language model did"),
        Column("messages", MESSAGES, "the chat that ends with the question"),
        Column("answer", pl.String, "what is to be learned: compact JSON, or plain text for general data"),
        Column("rejected", pl.String, "a worse answer to the same question; null where there is none"),
        Column("reasoning", pl.String, "the teacher's reasons; null where it gave none"),
        Column("grade", pl.String, "the judge's grade of the answer; null where nobody judged it"),
        Column("user_id", pl.String, "whom it is about; null where nobody"),
        Column("item_id", pl.String, "the item it is about; null where there is none"),
        _AS_OF,
        Column("prompt_version", pl.String, "name and hash of the prompt of the question"),
    ),
)

USER_METRICS = Table(
    "user_metrics",
    "Every metric of every user, so that systems can be compared in pairs.",
    ("system", "view", "user_id"),
    (
        Column("system", pl.String, "which recommender"),
        Column("view", pl.String, "what counts as a target: all, new, repeat or known"),
        _USER,
        Column("n_targets", pl.Int64, "items the user really touched after the cut, in this view; then metric@k each"),
    ),
    open=True,
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        ITEMS, USERS, EVENTS, IMPRESSIONS, EXPOSURES, QUARANTINE, CATALOGUE, POOL, PROFILES, INTERESTS, TAGS,
        REJECTIONS, VECTORS, EXPLANATIONS, RECOMMENDATIONS, LABELS, VERDICTS, SAMPLES, USER_METRICS,
    )
}  # fmt: skip
INPUTS: tuple[Literal["items", "users", "events", "impressions"], ...] = ("items", "users", "events", "impressions")
