"""The encoder beside the towers: its scores as further coordinates of the same vectors, weighed by activity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.pipeline.encoder import weights_of, with_categories
from intentrec.pipeline.inputs import Inputs
from intentrec.retrieval.blend import Blend, Dense
from intentrec.retrieval.memory import events_of

if TYPE_CHECKING:
    from intentrec.config import Config
    from intentrec.encoder.encoder import Encoder, Reading
    from intentrec.encoder.encoding import Coder
    from intentrec.towers import Towers

NAME = "encoder"
Floats32 = NDArray[np.float32]


@dataclass(frozen=True)
class Channel:
    """A trained encoder with all that it reads beside the day's inputs.

    Attributes:
        catalogue: Rows of `CATALOGUE`, for categories.
        impressions: Rows of `IMPRESSIONS`.
    """

    encoder: "Encoder"
    coder: "Coder"
    catalogue: pl.DataFrame
    impressions: pl.DataFrame
    config: "Config"

    def reading(self, inputs: Inputs) -> "Reading":
        """What it reads as of the inputs' moment."""
        items = with_categories(inputs.items, self.catalogue)
        return self.encoder.reading(
            inputs.events, items, inputs.as_of, impressions=self.impressions, users=inputs.users
        )

    def texts(self, texts: Sequence[str]) -> Floats32:
        """Vectors of any texts, (n, served)."""
        return self.encoder.text_vectors(texts, self.coder)

    def weighed(self, towers: "Towers", inputs: Inputs) -> "Towers":
        """The towers with weights that know of the encoder, fitted on the days that neither has learned from.

        Without such days the towers' weights stay and the encoder counts as much as one part.
        """
        from intentrec.towers.weighing import weigh

        held_out = towers.held_out
        if held_out is None:
            return replace(towers, blend=_with_one(towers.blend))
        kept = inputs.events.filter(pl.col("event").is_in(list(towers.kinds)), pl.col("item_id").is_not_null())
        known = pl.col("timestamp") < held_out.as_of
        past = inputs.before(held_out.as_of)
        reading = self.reading(past)

        def beside(users: Sequence[str]) -> Mapping[str, Dense]:
            of_items, of_users = coordinates(self.encoder, self.coder, reading, held_out.items.names, users)
            return {NAME: Dense(of_users, of_items)}

        blend = weigh(held_out, kept.filter(known), kept.filter(~known), inputs.items, towers.config, 0, beside=beside)
        return replace(towers, blend=blend, held_out=replace(held_out, blend=blend))

    def beside(
        self, towers: "Towers", inputs: Inputs, items: Sequence[str], users: Sequence[str]
    ) -> tuple[Floats32, Floats32]:
        """Further coordinates of items and, each times its weight, of users."""
        kinds = weights_of(self.config)
        active = events_of(inputs.events.filter(pl.col("event").is_in(list(kinds))), users)
        weight = towers.blend.of(NAME, active)
        of_items, of_users = coordinates(self.encoder, self.coder, self.reading(inputs), items, users)
        return of_items, of_users * weight[:, None]


def coordinates(
    encoder: "Encoder", coder: "Coder", reading: "Reading", items: Sequence[str], users: Sequence[str]
) -> tuple[Floats32, Floats32]:
    """Vectors of items, zeros for one that did not exist yet, (N, served), and of users, (U, served)."""
    names, whole = reading.item_vectors(coder)
    return aligned(names, encoder.cut(whole), items), encoder.cut(reading.user_vectors(users, coder))


def aligned(names: Sequence[str], vectors: Floats32, wanted: Sequence[str]) -> Floats32:
    """Rows in the order of `wanted`; zeros for a name that has none."""
    place = {name: row for row, name in enumerate(names)}
    rows = np.array([place.get(name, -1) for name in wanted], dtype=np.int64)
    found: Floats32 = np.where(rows[:, None] >= 0, vectors[rows], np.float32(0.0))
    return found


def _with_one(blend: Blend) -> Blend:
    return replace(blend, parts=(*blend.parts, NAME), weights=tuple((*row, 1.0) for row in blend.weights))
