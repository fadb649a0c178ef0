"""Items and users as the texts that the model reads, in token ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import polars as pl

from intentrec.encoder.config import DIGITS, EncoderConfig
from intentrec.encoder.numbers import NUMBERS, Counted
from intentrec.encoder.timelines import Timeline
from intentrec.encoder.vocabulary import Tokens, Vocabulary
from intentrec.errors import ConfigError
from intentrec.text.percentiles import in_words

_LARGE, _THOUSAND = 9999.5, 999.5  # rounding makes five and four digits of more


@dataclass(frozen=True)
class ItemTexts:
    """What is written of items, without their numbers.

    Attributes:
        whole: Tokens of all fields, for the item's own prompt, one array an item.
        short: The beginning of the same without the first field's mark, for histories, one array an item.
        n_cut: Items whose text was longer than the budget.
        n_empty: Items without any text: the model reads their numbers alone.
    """

    whole: list[Tokens]
    short: list[Tokens]
    n_cut: int
    n_empty: int

    @classmethod
    def of(cls, items: pl.DataFrame, vocabulary: Vocabulary, config: EncoderConfig) -> Self:
        """From rows of `ITEMS`, in their order."""
        names = [name for name in config.item_fields if name in items.columns]
        columns = {name: _strings(items[name]) for name in names}
        coded = {name: vocabulary.texts(texts, config.item_tokens) for name, texts in columns.items()}
        budget = config.item_tokens - 1 - config.number_tokens
        whole, n_cut, n_empty = [], 0, 0
        for row in range(len(items)):
            parts = [_field(vocabulary, name, coded[name][row]) for name in names if len(coded[name][row])]
            tokens = _joined(parts)
            n_cut += len(tokens) > budget
            n_empty += not len(tokens)
            whole.append(tokens[:budget])
        return cls(whole, [tokens[1 : config.history_tokens] for tokens in whole], n_cut, n_empty)


@dataclass(frozen=True)
class Prompts:
    """Builds prompts of items as of a moment, and of users up to a place in their timeline.

    Attributes:
        vocabulary: Texts and fields as tokens.
        config: Templates and budgets.
        texts: Of the items.
    """

    vocabulary: Vocabulary
    config: EncoderConfig
    texts: ItemTexts

    def items(self, rows: Sequence[int], numbers: Counted) -> list[Tokens]:
        """Prompts of items: `<|item|>`, their fields, their numbers as of a moment."""
        first, last = self.vocabulary.ends
        mark = self._mark("item")
        return [
            np.concatenate([first, mark, self.texts.whole[row], *self._numbers(row, numbers), last]) for row in rows
        ]

    def user(self, timeline: Timeline, user: int, end: int, attributes: Tokens) -> Tokens:
        """`<|user|>`, attributes, `<|history|>` and the latest items that fit, newest last.

        Args:
            timeline: Of all users.
            user: Code of the user.
            end: Place in the timeline before which the history ends.
            attributes: The outcome of `attributes` for this user.
        """
        first, last = self.vocabulary.ends
        head = [first, self._mark("user"), attributes, self._mark("history")]
        left = self.config.user_tokens - sum(map(len, head)) - len(last)
        kept: list[Tokens] = []
        for item, shown in timeline.latest(user, end, max(0, left)):
            tokens = np.concatenate([self._mark("shown" if shown else "item"), self.texts.short[item]])
            if len(tokens) > left:
                break
            left -= len(tokens)
            kept.append(tokens)
        return np.concatenate([*head, *reversed(kept), last])

    def overflows(self, timeline: Timeline, user: int, end: int, attributes: Tokens) -> bool:
        """Whether some of a user's distinct items do not fit."""
        prompt = self.user(timeline, user, end, attributes)
        marks = {self.vocabulary.field("item"), self.vocabulary.field("shown")}
        kept = int(np.isin(prompt, list(marks)).sum())
        return len(timeline.latest(user, end, kept + 1)) > kept

    def attributes(self, users: pl.DataFrame | None, names: Sequence[str]) -> list[Tokens]:
        """Attributes of users, a quarter of their budget at most; empty for those who have none.

        Args:
            users: Rows of `USERS`; None where there are none.
            names: Ids of the users, in the order of the result.
        """
        wanted = self.config.user_attributes
        if users is None or not wanted:
            return [_NONE] * len(names)
        missing = [name for name in wanted if name not in users.columns]
        if missing:
            raise ConfigError(f"encoder.user_attributes names {missing[0]!r}, which the users table lacks.")
        own = pl.DataFrame({"user_id": list(names)}, schema={"user_id": pl.String})
        rows = own.join(users.unique("user_id"), on="user_id", how="left", maintain_order="left")
        parts: list[list[Tokens]] = [[] for _ in names]
        most = self.config.user_tokens // 4 // len(wanted)
        for name in wanted:
            coded = self.vocabulary.texts([f"{name} {text}" if text else "" for text in _strings(rows[name])], most)
            for row, tokens in enumerate(coded):
                if len(tokens):
                    parts[row].append(_field(self.vocabulary, "attribute", tokens))
        return [_joined(each) for each in parts]

    def text(self, texts: Sequence[str]) -> list[Tokens]:
        """Any texts, e.g. tags, as items of which nothing but the title is known."""
        coded = self.vocabulary.texts(texts, self.config.item_tokens - 2)  # beside its two marks
        first, last = self.vocabulary.ends
        return [
            np.concatenate([first, self._mark("item"), _field(self.vocabulary, "title", tokens), last])
            for tokens in coded
        ]

    def _numbers(self, row: int, counted: Counted) -> list[Tokens]:
        """The tokens of each number that an item has."""
        if self.config.numbers == "none":
            return []
        values, percent = counted.values[row].tolist(), counted.percentiles[row].tolist()
        given = [(name, v, p) for name, v, p in zip(NUMBERS, values, percent, strict=True) if p]
        return [np.concatenate([self._mark(name), self._number(value, p)]) for name, value, p in given]

    def _number(self, value: float, percentile: int) -> Tokens:
        if self.config.numbers == "percentile":
            return self.vocabulary.percentile_ids[percentile : percentile + 1]
        text = in_words(percentile) if self.config.numbers == "words" else _digits(value)
        if text not in self._spelled:
            self._spelled[text] = self.vocabulary.texts([text], DIGITS)[0]
        return self._spelled[text]

    @cached_property
    def _spelled(self) -> dict[str, Tokens]:
        return {}

    def _mark(self, name: str) -> Tokens:
        return self._marks[name]

    @cached_property
    def _marks(self) -> dict[str, Tokens]:
        names = ("item", "shown", "user", "history", *NUMBERS)
        return {name: np.array([self.vocabulary.field(name)], dtype=np.int64) for name in names}


def _digits(value: float) -> str:
    """A number that can be cut after four signs and keeps its magnitude: 9.99, 1250, 12k, 3M."""
    if value < _LARGE:
        return f"{value:.4g}"
    for power, unit in ((3, "k"), (6, "M")):
        if value < _THOUSAND * 10**power:
            return f"{value / 10**power:.0f}{unit}"
    return f"{value / 10**9:.0f}G"


_NONE: Tokens = np.empty(0, dtype=np.int64)


def _field(vocabulary: Vocabulary, name: str, tokens: Tokens) -> Tokens:
    return np.concatenate([[vocabulary.field(name)], tokens])


def _joined(parts: Sequence[Tokens]) -> Tokens:
    return np.concatenate([_NONE, *parts])


def _strings(column: pl.Series) -> list[str]:
    return column.cast(pl.String).fill_null("").str.strip_chars().to_list()
