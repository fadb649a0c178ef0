"""Times to answer as a picture and in words."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.serving.wrk import Measured
from intentrec.extras import require

SHARES = (0.5, 0.9, 0.99, 0.999)
PER_DECADE = 20


def together(rounds: list[Measured]) -> Measured:
    """Several stretches of the same load as one."""
    micros = np.concatenate([one.micros for one in rounds])
    counts = np.concatenate([one.counts for one in rounds])
    distinct, place = np.unique(micros, return_inverse=True)
    return Measured(
        sum(one.requests for one in rounds),
        sum(one.seconds for one in rounds),
        sum(one.n_bytes for one in rounds),
        sum(one.failed for one in rounds),
        sum(one.refused for one in rounds),
        distinct,
        np.bincount(place, weights=counts).astype(np.int64),
    )


def binned(measured: Measured) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Edges in milliseconds, evenly spaced on a logarithmic scale, (B + 1,), and the share of answers in each, (B,)."""
    logs = np.log10(measured.micros / 1000) * PER_DECADE
    low, high = int(np.floor(logs.min())), int(np.floor(logs.max())) + 1
    place = np.minimum(np.floor(logs).astype(int) - low, high - low - 1)
    shares = np.bincount(place, weights=measured.counts, minlength=high - low) / measured.counts.sum()
    return 10 ** (np.arange(low, high + 1) / PER_DECADE), shares


def picture(loads: Mapping[str, Measured]) -> Any:
    """An altair chart: one histogram a load, times on a logarithmic scale, with p50 and p99 marked."""
    altair: Any = require("altair", "the plot of times to answer")
    bars, marks = [], []
    for name, measured in loads.items():
        edges, shares = binned(measured)
        bars += [
            {"load": name, "from": low, "to": high, "share": share}
            for low, high, share in zip(edges[:-1].tolist(), edges[1:].tolist(), shares.tolist(), strict=True)
            if share
        ]
        marks += [
            {"load": name, "ms": measured.percentile(share), "label": f"p{100 * share:g}"} for share in (0.5, 0.99)
        ]
    scale = altair.Scale(type="log", nice=False)
    x = altair.X("from:Q", scale=scale, title="milliseconds until the answer")
    drawn = altair.Chart().mark_rect(color="#4c78a8", stroke="white", strokeWidth=0.5).encode(
        x=x, x2="to:Q", y2=altair.datum(0),
        y=altair.Y("share:Q", axis=altair.Axis(format="%"), title="share of answers"),
    )  # fmt: skip
    lines = altair.Chart().mark_rule(color="#d62728", strokeDash=[4, 3]).encode(x=altair.X("ms:Q", scale=scale))
    words = altair.Chart().mark_text(color="#d62728", y=8, dx=3, align="left").encode(
        x=altair.X("ms:Q", scale=scale), text="label:N"
    )  # fmt: skip
    rows = [
        altair.layer(
            drawn.properties(data=altair.Data(values=[bar for bar in bars if bar["load"] == name])),
            *(part.properties(data=altair.Data(values=[mark for mark in marks if mark["load"] == name]))
              for part in (lines, words)),
            width=560, height=140, title=name,
        )
        for name in loads
    ]  # fmt: skip
    return altair.vconcat(*rows).resolve_scale(x="shared")
