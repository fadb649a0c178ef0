"""The validation users as the fit of the parts' weights needs them."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl
from scipy import sparse

from intentrec.data.asof import existing
from intentrec.retrieval.blend import Blend, Dense, Part, Wanted, fit_blend
from intentrec.towers.config import TowersConfig
from intentrec.towers.towers import Towers

Beside = Callable[[Sequence[str]], Mapping[str, Dense]]
"""Scores of users by another system: users (U, D), items (N, D) in the order of the towers' items."""


def weigh(
    held_out: Towers, past: pl.DataFrame, later: pl.DataFrame, items: pl.DataFrame, config: TowersConfig, seed: int,
    beside: Beside | None = None,
) -> Blend:  # fmt: skip
    """What each part counts, judged by what users did later; the weights stay as they are where nobody came back.

    Args:
        held_out: Parts that know nothing of `later`.
        past: The events that they know.
        later: The events to foresee.
        items: Rows of `ITEMS`; one created later than what the parts know could not be shown, so it does not compete.
        config: How many users are asked, and what their lists are judged by.
        seed: Of the draw of users.
        beside: Parts that are not of the towers.
    """
    users = _sample(later.join(past, on="user_id", how="semi")["user_id"].unique().sort(), config.blend_users, seed)
    coded = held_out.items.frame("item_id", "item")
    places = pl.DataFrame({"user_id": users}, schema={"user_id": pl.String}).with_row_index("place")
    own, ahead = (
        events.join(places, on="user_id").join(coded, on="item_id").select("user_id", "place", "item", "row")
        for events in (past, later)
    )
    targets = ahead.select("place", "item").unique().sort("place", "item")
    if targets.is_empty():
        return held_out.blend
    known = np.zeros(len(held_out.items), dtype=np.bool_)
    known[past.join(coded, on="item_id")["item"].unique().to_numpy()] = True
    had = own.select("place", "item").unique()
    seen = sparse.csr_array(
        (np.ones(len(had), dtype=np.int8), (had["place"].to_numpy(), had["item"].to_numpy())),
        shape=(len(users), len(known)),
    )
    wanted = Wanted(
        rows=targets["place"].to_numpy().astype(np.int64),
        items=targets["item"].to_numpy().astype(np.int64),
        seen=seen,
        known=known,
        n_events=np.bincount(own["place"].to_numpy(), minlength=len(users)),
        worth=1.0 if held_out.fresh is None else config.fresh_worth,
        there=held_out.items.mask(existing(items, held_out.as_of)["item_id"]),
    )
    parts = _parts(held_out, past.filter(pl.col("user_id").is_in(users)), users)
    if beside is not None:
        parts = {**beside(users), **parts}
    return fit_blend(parts, wanted, edges=config.blend_edges, k=config.blend_at, repeats=config.repeats)


def _parts(held_out: Towers, past: pl.DataFrame, users: list[str]) -> dict[str, Part]:
    tables = held_out.tables()
    parts: dict[str, Part] = {
        name: Dense(vectors, tables[name]) for name, vectors in held_out.parts(past, users, held_out.as_of).items()
    }
    if held_out.memory is not None:
        parts |= held_out.memory.parts(past, users, held_out.as_of)
    return parts


def _sample(users: pl.Series, n: int, seed: int) -> list[str]:
    if len(users) <= n:
        return users.to_list()
    chosen = np.random.default_rng(seed).choice(len(users), size=n, replace=False)
    return users.gather(np.sort(chosen)).to_list()
