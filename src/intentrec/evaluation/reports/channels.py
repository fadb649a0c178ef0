"""Where places in lists go, what each system alone finds, and how often tags hit."""

from functools import partial

import polars as pl

from intentrec.evaluation.reports import plots
from intentrec.evaluation.reports.look import Look
from intentrec.evaluation.reports.parts import Cell, Figure, Part, Table, number, whole, words

_TARGETS = "targets"


def exposure(look: Look) -> Part:
    """The Matthew effect: do the popular get more than what users went for?"""
    reading = (
        "Tenths of the items by popularity before the cut, 1 the most popular. A recommender that feeds popular ones "
        "finds little among the others and lists them less than users want them: the Matthew effect (RecGPT-V1, arXiv "
        "2507.22879, figure 1; recall and exposure stand for its click and view rates)."
    )
    frame = look.found.exposure
    views = [view for view in look.found.views if view in set(frame["view"])]
    figures = [each for view in views for each in _exposed(look, frame.filter(pl.col("view") == view), view)]
    return Part("Popularity: recall and exposure", [reading] if figures else [], figures)


def _exposed(look: Look, frame: pl.DataFrame, view: str) -> list[Figure]:
    wanted = frame.unique("group", maintain_order=True).select(
        pl.lit(_TARGETS).alias("system"), "group", share_listed="share_targets"
    )
    shares = pl.concat([frame.select("system", "group", "share_listed"), wanted])
    return [
        Figure(
            f"Recall by popularity of the item, view “{view}”",
            "Share of the targets in each tenth of the items that stand in the first 100 places. A flat line serves "
            "rare items as well as popular ones; no point where a tenth holds no target.",
            partial(plots.lines, _points(frame, "recall"), "recall in the first 100", look.found.systems),
            _by_group(look, frame, "recall", f"Recall by tenth of items, view “{view}”"),
        ),
        Figure(
            f"Exposure by popularity of the item, view “{view}”",
            "Share of the first 100 places of all lists that each tenth of the items holds, beside its share of the "
            "targets (dashed). A line above the dashed one gives a group more places than users asked for.",
            partial(
                plots.lines, _points(shares, "share_listed"), "share of places", [*look.found.systems, _TARGETS],
                dashed=_TARGETS,
            ),
            _by_group(look, shares, "share_listed", f"Share of places by tenth of items, view “{view}”"),
        ),
    ]  # fmt: skip


def _points(frame: pl.DataFrame, column: str) -> list[dict[str, object]]:
    return frame.select("system", "group", value=column).drop_nulls().to_dicts()


def _by_group(look: Look, frame: pl.DataFrame, column: str, caption: str) -> Table:
    systems = frame["system"].unique(maintain_order=True).to_list()
    values = {(row["system"], row["group"]): row[column] for row in frame.iter_rows(named=True)}
    groups = frame["group"].unique().sort().to_list()
    rows = [
        [words(group), *(number(values.get((system, group)), look.digits) for system in systems)] for group in groups
    ]
    return Table(caption, ["tenth of items", *systems], rows, folded=True)


def exclusive(look: Look) -> Part:
    """What only one system finds."""
    reading = (
        "Exclusive recall: targets that only this system of those compared finds within so many places (RecGPT-V2, "
        "arXiv 2512.14503). A channel with none adds nothing to the others."
    )
    frame = look.found.exclusive
    views = [view for view in look.found.views if view in set(frame["view"])]
    figures = [_alone(look, frame.filter(pl.col("view") == view), view) for view in views]
    return Part("Exclusive recall of each channel", [reading] if figures else [], figures)


def _alone(look: Look, frame: pl.DataFrame, view: str) -> Figure:
    shown = frame.filter(pl.col("k").is_in([look.short, look.long]))
    named = shown.select("system", "low", "high", row=pl.format("first {}", "k"), value="exclusive")
    ks = frame["k"].unique().sort().to_list()
    values = {(row["system"], row["k"]): row for row in frame.iter_rows(named=True)}
    columns = ["system", *(f"{what}@{k}" for k in ks for what in ("recall", "exclusive"))]
    rows = []
    for system in frame["system"].unique(maintain_order=True):
        cells: list[Cell] = [words(system)]
        for k in ks:
            row = values[system, k]
            alone = number(row["exclusive"], look.digits, interval=(row["low"], row["high"]))
            cells += [number(row["recall"], look.digits), alone]
        rows.append(cells)
    return Figure(
        f"Exclusive recall, view “{view}”",
        "Each point is the recall of targets that no other system of the comparison finds, the line its interval.",
        lambda: plots.dots(
            named.to_dicts(), "exclusive recall", look.found.systems, named["row"].unique(maintain_order=True).to_list()
        ),
        Table(f"Recall and exclusive recall, view “{view}”", columns, rows, folded=True),
    )


def tag_hits(look: Look) -> Part:
    """HR of tags."""
    frame = look.found.tag_hits
    rows = [
        [
            words(row["of"]), whole(row["n"]), number(row["hit_rate"], look.digits, interval=(row["low"], row["high"])),
            whole(row["counted"]),
        ]
        for row in frame.iter_rows(named=True)
    ]  # fmt: skip
    reading = (
        "Whether the category of what was held out is among those of a user's first tags (RecGPT-V1, section 1.3): of "
        "each user's next item, and of every target."
    )
    table = Table("Hit rate of tags", ["of", "tags looked at", "hit rate", "counted"], rows)
    return Part("Tags", [reading] if rows else [], [table] if rows else [])
