"""How well the encoder foresees what is held out: full lists of real users over the whole catalogue."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from scipy import sparse

from intentrec.codes import Ints
from intentrec.encoder.backbone import Opened
from intentrec.encoder.data import EncoderData
from intentrec.encoder.encoding import Coder, prefix
from intentrec.encoder.prompts import Prompts
from intentrec.encoder.vocabulary import Tokens
from intentrec.progress import SILENT, Progress
from intentrec.retrieval.topk import distinct, top_k
from intentrec.text.store import VectorStore


@dataclass(frozen=True)
class Validation:
    """Users with something held out.

    Attributes:
        users: Code of each user, (U,).
        ends: Place in the timeline before which each history ends, (U,).
        rows: Row of the user of each target, (T,).
        items: Item of each target, (T,); no pair twice.
        seen: Non-zero where a user had the item before, (U, N); None where having it again counts.
    """

    data: EncoderData
    prompts: Prompts
    attributes: list[Tokens]
    users: Ints
    ends: Ints
    rows: Ints
    items: Ints
    seen: sparse.csr_array | None
    device: str
    dtype: torch.dtype
    progress: Progress = SILENT

    @classmethod
    def of(
        cls, data: EncoderData, prompts: Prompts, attributes: list[Tokens], *, seed: int, device: str,
        dtype: torch.dtype, progress: Progress,
    ) -> "Self | None":  # fmt: skip
        """A sample of the users with a history and something held out; None where nobody has both."""
        line, user = data.histories, data.histories.user
        held = data.held_out()
        first = np.full(len(data.users), -1)
        at = np.flatnonzero(held)[::-1]
        first[user[at]] = at  # the earliest held-out event overwrites the later ones
        open_ = np.flatnonzero((first >= 0) & (first > line.starts[:-1]))
        if not len(open_):
            return None
        n = min(len(open_), data.config.validation_users)
        users = np.sort(np.random.default_rng(seed).choice(open_, size=n, replace=False))
        place = np.full(len(data.users), -1)
        place[users] = np.arange(n)
        n_items = len(data.items)
        wanted = place[user] * n_items + line.item
        mine = place[user] >= 0
        had = distinct(wanted[mine & ~held & ~line.shown])
        targets = distinct(wanted[mine & held])
        seen = None
        if not data.config.repeats:
            targets = np.setdiff1d(targets, had, assume_unique=True)
            ones = np.ones(len(had), dtype=np.int8)
            seen = sparse.csr_array((ones, (had // n_items, had % n_items)), shape=(n, n_items))
        if not len(targets):
            return None
        return cls(
            data, prompts, attributes, users, first[users], targets // n_items, targets % n_items, seen, device, dtype,
            progress,
        )  # fmt: skip

    def recall(self, opened: Opened) -> float:
        """Recall of lists of `recall_at` items, the mean over users, by the served width."""
        was_training = opened.backbone.training
        opened.backbone.eval()
        config = self.data.config
        store: VectorStore[np.float16] = VectorStore(None, "validation")
        coder = Coder(opened, "validation", store, self.device, self.dtype, self.progress)
        items = coder.encode(
            self.prompts.items(range(len(self.data.items)), self.data.numbers.at(self.data.since)), "validation: items"
        )
        users = coder.encode(self.user_prompts(), "validation: users")
        opened.backbone.train(was_training)
        width = config.served_dimension(items.shape[1])
        hits = top_k(prefix(users, width), prefix(items, width), config.recall_at, excluded=self.seen)
        found = np.isin(self.rows * items.shape[0] + self.items, hits.query * items.shape[0] + hits.item)
        targets = np.bincount(self.rows, minlength=len(self.users))
        caught = np.bincount(self.rows, weights=found, minlength=len(self.users))
        asked = targets > 0
        return float((caught[asked] / targets[asked]).mean())

    def user_prompts(self) -> list[Tokens]:
        """What the model reads of the users."""
        pairs = zip(self.users.tolist(), self.ends.tolist(), strict=True)
        return [self.prompts.user(self.data.histories, user, end, self.attributes[user]) for user, end in pairs]
