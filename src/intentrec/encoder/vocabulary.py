"""A tokenizer with tokens of our own for fields and percentiles, which no text can produce."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from intentrec.errors import DataError
from intentrec.text.percentiles import HIGHEST

Tokens = NDArray[np.int64]
FIELDS = (
    "item", "title", "category", "brand", "description", "popularity", "recent", "price", "user", "attribute",
    "history", "shown",
)  # fmt: skip


def token_of(name: str) -> str:
    """How a field or a percentile is spelled in the vocabulary."""
    return f"<|{name}|>"


OWN = tuple(token_of(name) for name in (*FIELDS, *(f"p{number}" for number in range(1, HIGHEST + 1))))
"""Every token that is added to a vocabulary, in order."""


@dataclass(frozen=True)
class Vocabulary:
    """Texts and fields as token ids.

    Text goes through the tokenizer with its special tokens switched off, and field tokens are put in by number: an item
    called "<|history|>" or "[SEP]" is spelled out in letters and cannot begin a field (arXiv 2510.14223 puts field
    tokens into the vocabulary against prompt injection).

    Attributes:
        tokenizer: Of transformers, with `OWN` among its tokens.
    """

    tokenizer: Any

    @classmethod
    def extend(cls, tokenizer: Any) -> Self:
        """Put the missing field tokens into a vocabulary."""
        tokenizer.add_tokens(list(OWN), special_tokens=True)
        return cls(tokenizer)

    @classmethod
    def of(cls, tokenizer: Any, where: str) -> Self:
        """A vocabulary that has the field tokens already.

        Raises:
            DataError: It lacks some.
        """
        known = tokenizer.get_vocab()
        missing = [token for token in OWN if token not in known]
        if missing:
            raise DataError(
                f"The vocabulary in {where} lacks {len(missing)} of the {len(OWN)} field tokens, e.g. {missing[0]}: "
                "it is not of a trained encoder. Train one from this model with intentrec.encoder.fit."
            )
        return cls(tokenizer)

    def __len__(self) -> int:
        return len(self.tokenizer)

    @cached_property
    def _own(self) -> dict[str, int]:
        ids = self.tokenizer.convert_tokens_to_ids(list(OWN))
        return dict(zip(OWN, ids, strict=True))

    @cached_property
    def own_ids(self) -> Tokens:
        """Ids of `OWN`, in its order."""
        return np.array(list(self._own.values()), dtype=np.int64)

    @cached_property
    def percentile_ids(self) -> Tokens:
        """Id of the token of each percentile, (101,); place 0 is none and means nothing."""
        return np.concatenate([[-1], self.own_ids[len(FIELDS) :]])

    def field(self, name: str) -> int:
        """Id of a field's token."""
        return self._own[token_of(name)]

    @cached_property
    def ends(self) -> tuple[Tokens, Tokens]:
        """What the model expects before and after every text, e.g. [CLS] and [SEP]."""
        whole = list(self.tokenizer("a")["input_ids"])
        inner = list(self.tokenizer("a", add_special_tokens=False)["input_ids"])
        at = next(n for n in range(len(whole)) if whole[n : n + len(inner)] == inner)
        return np.array(whole[:at], dtype=np.int64), np.array(whole[at + len(inner) :], dtype=np.int64)

    @cached_property
    def padding(self) -> int:
        """Id that fills short texts; it is masked."""
        return int(self.tokenizer.pad_token_id or 0)

    @cached_property
    def _special(self) -> Tokens:
        return np.array(sorted({*self.tokenizer.all_special_ids, *self.own_ids.tolist()}), dtype=np.int64)

    def texts(self, texts: Sequence[str], most: int) -> list[Tokens]:
        """Token ids of each text, cut after `most`; none of them is a special or a field token."""
        if not texts:
            return []
        # Letters beyond what any tokenizer could need for so many tokens are not looked at.
        cut = [text[: most * 32] for text in texts]
        coded = self.tokenizer(cut, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        ids = [np.array(each, dtype=np.int64) for each in coded]
        return [each[~np.isin(each, self._special)][:most] for each in ids]

    def read(self, tokens: Tokens) -> str:
        """What the model reads, for people."""
        return str(self.tokenizer.decode(tokens.tolist()))
