"""What each system adds to the others, and to which items places in lists go."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.evaluation.frames import EXCLUSIVE_SCHEMA, EXPOSURE_SCHEMA
from intentrec.evaluation.items import TENTHS, Items
from intentrec.evaluation.measure import EXPOSED_PLACES, Measured, Places
from intentrec.evaluation.significance import interval, resampled_means
from intentrec.evaluation.summary import Resampling
from intentrec.evaluation.truth import Truth

Values = NDArray[np.float64]


def found_at(places: Places, k: int) -> Values:
    """Share of a system's runs in which each target stands among the first k, (T,); with one seed 0 or 1."""
    share: Values = (places < k).mean(axis=0)
    return share


def alone_at(systems: Mapping[str, Places], k: int) -> dict[str, Values]:
    """System -> chance that it finds each target among its first k and none of the others does, (T,).

    With one seed a system, 0 or 1; with several, seeds of different systems are taken as independent.
    """
    missed = {name: 1.0 - found_at(places, k) for name, places in systems.items()}
    alone = {}
    for name in systems:
        rest = np.prod([each for other, each in missed.items() if other != name], axis=0)
        alone[name] = (1.0 - missed[name]) * rest
    return alone


def exclusive(truth: Truth, systems: Mapping[str, Measured], ks: Sequence[int], options: Resampling) -> pl.DataFrame:
    """Recall, and its part that no other system has, with an interval over users: a frame of `EXCLUSIVE_SCHEMA`.

    RecGPT-V2 (arXiv 2512.14503) reports the exclusive recall of its channels; here each system is one.
    """
    if not (systems and len(truth.users)):
        return pl.DataFrame(schema=EXCLUSIVE_SCHEMA)
    places = {name: found.places for name, found in systems.items()}
    names, columns = [], []
    for k in ks:
        for name, alone in alone_at(places, k).items():
            names.append((name, k))
            columns.append(truth.share_of_targets(alone))
    values = np.column_stack(columns)
    low, high = interval(
        resampled_means(values, options.samples, np.random.default_rng(options.seed)), options.confidence
    )
    rows = [
        {
            "system": name, "view": truth.name, "k": k, "exclusive": float(values[:, n].mean()), "low": float(low[n]),
            "high": float(high[n]), "recall": float(systems[name].per_user[f"recall@{k}"].mean(dtype=np.float64)),
        }
        for n, (name, k) in enumerate(names)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=EXCLUSIVE_SCHEMA).sort("system", "k", maintain_order=True)


def exposure(truth: Truth, systems: Mapping[str, Measured], items: Items) -> pl.DataFrame:
    """Where the first 100 places go, by tenths of the items' popularity: a frame of `EXPOSURE_SCHEMA`."""
    if not len(truth.users):
        return pl.DataFrame(schema=EXPOSURE_SCHEMA)
    tenth = items.tenths[truth.items]
    wanted = np.bincount(tenth, minlength=TENTHS).astype(np.float64)
    parts = []
    for name, found in systems.items():
        hit = np.bincount(tenth, weights=found_at(found.places, EXPOSED_PLACES), minlength=TENTHS)
        recall = np.divide(hit, wanted, out=np.full(TENTHS, np.nan), where=wanted > 0)
        shares = {"share_listed": found.listed / max(1, found.listed.sum()), "share_targets": wanted / wanted.sum()}
        rows = {"group": np.arange(1, TENTHS + 1), **shares, "recall": recall}
        parts.append(
            pl.DataFrame(rows).select(pl.lit(name).alias("system"), pl.lit(truth.name).alias("view"), pl.all())
        )
    frame = pl.concat(parts or [pl.DataFrame(schema=EXPOSURE_SCHEMA)])
    return frame.cast(EXPOSURE_SCHEMA).with_columns(pl.col("recall", "share_targets").fill_nan(None))
