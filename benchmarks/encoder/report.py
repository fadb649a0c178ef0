"""Tables of the encoder's rows: each choice against the one before it, each width against the whole, both roads."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.encoder.rows import MAIN, NARROWED, WIDTHS
from benchmarks.encoder.together import ROWS
from benchmarks.quality.reports import compared, rows_of
from benchmarks.quality.tables import markdown
from benchmarks.quality.tuned import Bench
from intentrec.evaluation import Evaluation
from intentrec.evaluation.frames import EVERYONE
from intentrec.evaluation.significance import holm

STEPS = (
    ("encoder-untuned", "", "LLaMA-3 not tuned .2434"),
    ("encoder-bce", "encoder-untuned", "BCE .3944: +62 %"),
    ("encoder-infonce", "encoder-bce", "InfoNCE .4238: +7.5 %"),
    ("encoder-hard-1", "encoder-infonce", "1 hard negative: +2.0 %"),
    ("encoder-hard-2", "encoder-infonce", "2 hard negatives: +3.6 %"),
    ("encoder-percentile", "encoder-hard-2", "percentile tokens for raw counts: +15 %"),
    (MAIN, "encoder-percentile", "Matryoshka, whole width: +0.1 %"),
    ("encoder-last-token", "encoder-percentile", "last token for the mean: -12.4 %"),
    ("encoder-all-events", "encoder-percentile", "all impressions in the history: -6.1 %"),
    ("encoder-words", "encoder-percentile", ""),
    ("encoder-no-numbers", "encoder-percentile", ""),
    ("encoder-logq", "encoder-percentile", ""),
)
"""Row, the row it is compared with, and what the paper says of Recall@10 (arXiv 2510.14223, section 3.4)."""


def write_tables(bench: Bench, command: str, samples: int) -> list[Path]:
    """Evaluate what was kept; write `encoder.md` and `together.md` with everything that is in them as JSON."""
    written = []
    narrow = [f"{kind}-{share:g}" for kind in (MAIN, NARROWED) for share in WIDTHS[1:]]
    names = [MAIN, *narrow, *(name for name, _, _ in STEPS if name != MAIN)]
    for name, systems in (("encoder", names), ("together", ROWS)):
        rows = rows_of(bench.store, bench.task, systems)
        rows = [row for row in rows if not row.name.endswith(", varied")]
        if len(rows) < 2:
            continue
        found = compared(bench, rows, command, samples, every_pair=True)
        facts = {row.name: row.facts() for row in rows}
        parts = [steps_table(bench, found, facts), widths_table(bench, found)] if name == "encoder" else []
        text = "\n\n".join([*(part for part in parts if part), markdown(found, facts, bench.task)])
        target = bench.store.folder / f"{name}.md"
        target.write_text(text, "utf-8")
        target.with_suffix(".json").write_text(json.dumps({**found.to_json(), "runs": facts}, indent=1, default=str))
        written.append(target)
    return written


def steps_table(bench: Bench, found: Evaluation, facts: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Each choice against the one before it; p by Holm over the steps of the table."""
    view, steps = bench.task.views[0], [step for step in STEPS if step[0] in facts]
    pairs = [step for step in steps if step[1] in facts]
    lines = [
        "| row | recall@10 | recall@100 | against | recall@10, difference | relative | p (Holm) | recall@100, "
        "difference | r(popularity) | r(log popularity) | pairs/s | the paper |",
        "|" + "---|" * 12,
    ]
    first = {a: difference(found, view, "recall@10", a, b) for a, b, _ in pairs}
    corrected = dict(zip(first, holm(pl.Series([d["p"] for d in first.values()]).to_numpy()), strict=True))
    for name, against, paper in steps:
        fact = facts[name][0]
        speed = f"{fact['history'][0]['pairs_per_second']:.1f}" if fact["history"] else ""
        values = [found.value(name, f"recall@{k}", view, EVERYONE) for k in (10, 100)]
        cells = ["", "", "", "", ""]
        if name in first:
            longer = difference(found, view, "recall@100", name, against)
            cells = [
                against, _signed(first[name]), f"{first[name]['relative']:+.1%}", f"{corrected[name]:.4f}",
                f"{_signed(longer)} {longer['relative']:+.1%}",
            ]  # fmt: skip
        own = [f"{value:.4f}" for value in values]
        more = [f"{fact['popularity_r']:.3f}", f"{fact['log_popularity_r']:.3f}", speed, paper]
        lines.append("| " + " | ".join([name, *own, *cells, *more]) + " |")
    return "## Each choice\n\n" + "\n".join(lines)


def widths_table(bench: Bench, found: Evaluation) -> str:
    """Each width of the same training against the whole."""
    view = bench.task.views[0]
    lines = ["| width | cut | recall@10 | difference | relative | recall@100, difference |", "|" + "---|" * 6]
    rows = [("1", "", MAIN)]
    rows += [(f"{share:g}", "as trained", f"{MAIN}-{share:g}") for share in WIDTHS[1:]]
    rows += [(f"{share:g}", "learned", f"{NARROWED}-{share:g}") for share in WIDTHS[1:]]
    for width, cut, name in rows:
        if name not in found.systems:
            continue
        value = found.value(name, "recall@10", view, EVERYONE)
        cells = ["", "", ""]
        if name != MAIN:
            short, long = (difference(found, view, f"recall@{k}", name, MAIN) for k in (10, 100))
            cells = [_signed(short), f"{short['relative']:+.1%}", f"{_signed(long)} {long['relative']:+.1%}"]
        lines.append("| " + " | ".join([width, cut, f"{value:.4f}", *cells]) + " |")
    return "## Widths\n\n" + "\n".join(lines)


def difference(found: Evaluation, view: str, metric: str, name: str, against: str) -> dict[str, float]:
    """The paired test of one row less another: difference, low, high, p, and the difference relative to the other."""
    here = found.comparisons.filter(
        pl.col("view") == view, pl.col("stratum") == EVERYONE, pl.col("metric") == metric,
        pl.col("system").is_in([name, against]), pl.col("against").is_in([name, against]),
    ).row(0, named=True)  # fmt: skip
    sign = 1.0 if here["system"] == name else -1.0
    ends = sorted([sign * here["low"], sign * here["high"]])
    base = found.value(against, metric, view, EVERYONE)
    change = sign * here["difference"]
    return {
        "difference": change, "low": ends[0], "high": ends[1], "p": here["p"],
        "relative": change / base if base else float("nan"),
    }  # fmt: skip


def _signed(test: Mapping[str, float]) -> str:
    return f"{test['difference']:+.4f} {_ends(test)}"


def _ends(test: Mapping[str, float]) -> str:
    return f"[{test['low']:+.4f}, {test['high']:+.4f}]"
