"""Tags as numbers: their words, and which items they belong to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.codes import Codes, Ints
from intentrec.errors import DataError
from intentrec.text.wording import words

Floats32 = NDArray[np.float32]


@dataclass(frozen=True)
class WordBags:
    """Words of tags in a row.

    Attributes:
        words: Code + 1 of each word; a tag without any known word has a single 0, (W,).
        starts: Where each tag begins, (M,).
    """

    words: Ints
    starts: Ints

    @classmethod
    def of(cls, tags: Sequence[str], codes: Codes) -> Self:
        """Bags of tags; words without a code are left out."""
        bags = [codes.known(words(tag)) + 1 for tag in tags]
        bags = [bag if len(bag) else np.zeros(1, dtype=np.int64) for bag in bags]
        lengths = np.array([0, *map(len, bags)], dtype=np.int64)
        return cls(np.concatenate([np.empty(0, dtype=np.int64), *bags]), np.cumsum(lengths)[:-1])

    def rows(self, chosen: Ints) -> "WordBags":
        """Bags of chosen tags, in that order."""
        counts = np.diff(self.starts, append=len(self.words))[chosen]
        starts = np.cumsum(counts) - counts
        at = np.arange(counts.sum()) + np.repeat(self.starts[chosen] - starts, counts)
        return WordBags(self.words[at], starts)


@dataclass(frozen=True)
class ItemTags:
    """The tag and category of each item: the positives of L_tag and L_cate.

    Attributes:
        names: Distinct tags, ascending.
        tag: Place in `names` + 1 of each item's tag, 0 for none, (N,).
        category: Code + 1 of each item's category, 0 for none, (N,).
        vectors: Text vector of each tag, (M, T); None for the tower of words.
    """

    names: tuple[str, ...]
    tag: Ints
    category: Ints
    vectors: Floats32 | None

    @classmethod
    def build(cls, table: pl.DataFrame, items: Codes, vectors: NDArray[np.floating] | None = None) -> Self:
        """Tags of the items that have a code.

        Args:
            table: `item_id, phrase, category`.
            items: Codes of the items.
            vectors: A text vector for each row of `table`.

        Raises:
            DataError: There is not one text vector for each row.
        """
        if vectors is not None and len(vectors) != len(table):
            raise DataError(f"There are {len(vectors)} text vectors for {len(table)} tags; give one a row, in order.")
        phrases, categories = Codes.of(table["phrase"]), Codes.of(table["category"])
        rows = table.select("item_id", "phrase", "category").unique("item_id", keep="first", maintain_order=True)
        place = items.shifted(rows["item_id"].to_list())
        tag, category = np.zeros((2, len(items) + 1), dtype=np.int64)
        tag[place] = phrases.shifted(rows["phrase"].to_list())
        category[place] = categories.shifted(rows["category"].to_list())
        texts = (
            None if vectors is None else _first_rows(vectors, phrases.shifted(table["phrase"].to_list()), len(phrases))
        )
        return cls(phrases.names, tag[1:], category[1:], texts)  # place 0 took what has no code


def _first_rows(vectors: NDArray[np.floating], codes: Ints, n_codes: int) -> Floats32:
    """The first vector of each code + 1, in the order of the codes."""
    texts = np.zeros((n_codes + 1, vectors.shape[1]), dtype=np.float32)
    texts[codes[::-1]] = vectors[::-1]
    return texts[1:]


def vocabulary(tags: Sequence[str], titles: Sequence[str]) -> Codes:
    """Words of tags and titles: a language model writes tags of later days in words that titles have today."""
    return Codes.of(word for text in (*tags, *titles) for word in words(text))
