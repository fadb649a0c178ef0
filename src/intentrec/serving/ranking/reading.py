"""From texts and events to vectors, with what the release was trained with; loaded at first need."""

import threading
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec import towers
from intentrec.codes import places
from intentrec.config import Config
from intentrec.errors import ConfigError
from intentrec.serving.bundle import Bundle
from intentrec.text.embeddings import Embedder, open_embedder

if TYPE_CHECKING:
    from intentrec.towers import Towers

Vectors = NDArray[np.float32]


class Reader:
    """Makes vectors for what a release does not hold.

    Args:
        bundle: The release.
        config: Its settings.
    """

    def __init__(self, bundle: Bundle, config: Config) -> None:
        self._bundle, self._config = bundle, config
        self._lock = threading.RLock()

    def warm(self) -> None:
        """Load the towers and the embedder."""
        with self._lock:
            self._loaded()
            if self._bundle.meta.text_width:
                self.titles(["nothing"])

    @property
    def is_warm(self) -> bool:
        """Whether the towers are loaded."""
        return "_towers" in self.__dict__

    def _loaded(self) -> "Towers | None":
        return self._towers

    @cached_property
    def _towers(self) -> "Towers | None":
        folder = self._bundle.towers
        return None if folder is None else towers.Towers.load(folder, memory=False)

    @cached_property
    def _embedder(self) -> Embedder:
        return open_embedder(self._config.text, None, remember=False)

    def titles(self, titles: Sequence[str]) -> Vectors:
        """Text vectors, (n, T)."""
        with self._lock:
            return self._embedder.embed(titles)

    def of_texts(self, titles: Sequence[str], neighbours: int) -> Vectors:
        """Vectors of new items: means of those whose titles are nearest, (n, D); zeros where no titles are known."""
        bundle = self._bundle
        if not bundle.meta.text_width or not len(bundle.index):
            return np.zeros((len(titles), bundle.meta.width), dtype=np.float32)
        near = bundle.nearest_texts(self.titles(titles), neighbours)
        means: Vectors = bundle.index.vectors[near].mean(axis=1, dtype=np.float64).astype(np.float32)
        return means

    @cached_property
    def reads_words(self) -> bool:
        """Whether vectors can be made of any words."""
        by_encoder = self._config.towers.tag_tower == "text" and "text" in self._config.encoder.use
        return self._bundle.towers is not None and self._bundle.meta.tag_scale is not None and not by_encoder

    def readable(self, tags: Sequence[str]) -> set[str]:
        """Those of which there is, or can be made, a vector."""
        if self.reads_words:
            return set(tags)
        rows = places(self._bundle.tag_names, list(tags)).tolist()
        return {tag for tag, row in zip(tags, rows, strict=True) if row >= 0}

    def tags(self, tags: Sequence[str]) -> Vectors:
        """Vectors of tags on the scale of the release's own, (n, D).

        Raises:
            ConfigError: One is new, and the release cannot read it.
        """
        bundle = self._bundle
        found = np.zeros((len(tags), bundle.meta.width), dtype=np.float32)
        rows = places(bundle.tag_names, list(tags))
        found[rows >= 0] = bundle.tag_vectors[rows[rows >= 0]]
        new = [place for place, row in enumerate(rows.tolist()) if row < 0]
        if new:
            read = self._new_tags([tags[place] for place in new])
            found[new, : read.shape[1]] = read
        return found

    def _new_tags(self, tags: list[str]) -> Vectors:
        meta = self._bundle.meta
        if not self.reads_words:
            raise ConfigError(
                f"Release {meta.release} cannot read new words: it holds no towers, or not the scale of their tags, or "
                "its tags are read by the encoder, a language model that takes no part in answers. Ask with words that "
                'are tags of the release, or run `intentrec run` again with encoder.use without "text".'
            )
        by_text = self._config.towers.tag_tower == "text"
        with self._lock:
            made = self._towers
            assert made is not None
            vectors = made.tag_vectors(tags, self._embedder.embed(tags) if by_text else None)
        scaled: Vectors = (vectors * np.float32(meta.tag_scale)).astype(np.float32)
        return scaled

    def user(self, events: pl.DataFrame, user_id: str, as_of: datetime) -> Vectors | None:
        """The user's coordinates of the towers, (`towers_width`,); None where the release holds no towers."""
        with self._lock:
            made = self._towers
            return None if made is None else made.user_vectors(events, [user_id], as_of)[0]
