"""How systems stand to one of them: what the paired tests allow to say."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

SIGNIFICANT = 0.05

Key = tuple[str, str, str, str]
"""View, stratum, metric, system."""


@dataclass(frozen=True)
class Mark:
    """One number against the same number of the reference.

    Attributes:
        above: Whether it is above.
        both: Whether both tests say so, or only one of them.
    """

    above: bool
    both: bool

    @property
    def sign(self) -> str:
        """▲ or ▼ by both tests, △ or ▽ by one."""
        return ("▲" if self.both else "△") if self.above else ("▼" if self.both else "▽")

    def words(self, reference: str) -> str:
        """For whom the sign says nothing."""
        way, tests = "above" if self.above else "below", "both tests" if self.both else "one test"
        return f"significantly {way} “{reference}” by {tests}"


def marks(comparisons: pl.DataFrame, reference: str) -> dict[Key, Mark]:
    """Where each system differs from `reference` significantly: p < .05 after Holm.

    A difference that only one of bootstrap and Wilcoxon sees is marked as such: the one tests means, the other ranks,
    and heavy users can carry a mean alone.

    Args:
        comparisons: A frame of `COMPARISON_SCHEMA`.
        reference: Name of a system.
    """
    found = {}
    for row in comparisons.iter_rows(named=True):
        if reference not in (row["system"], row["against"]) or not row["difference"]:
            continue
        first = row["system"] == reference
        sure = [row[p] is not None and row[p] < SIGNIFICANT for p in ("p_holm", "p_wilcoxon_holm")]
        if any(sure):
            other = row["against"] if first else row["system"]
            key = (row["view"], row["stratum"], row["metric"], other)
            found[key] = Mark(above=(row["difference"] > 0) != first, both=all(sure))
    return found


def verdict(found: dict[Key, Mark], place: tuple[str, str, str], reference: str, others: Sequence[str]) -> str:
    """One sentence: whom the reference is ahead of, behind, and of whom nothing can be said.

    Args:
        found: Outcome of `marks`.
        place: View, stratum, metric.
        reference: Whose marks they are.
        others: The systems it was tested against.
    """
    groups: dict[str, list[str]] = {}
    for other in others:
        mark = found.get((*place, other))
        how = "level" if mark is None else ("behind" if mark.above else "ahead") + ("" if mark.both else ", one test")
        groups.setdefault(how, []).append(other)
    said = [
        f"{words} {_listed(groups[how])}"
        for how, words in (
            ("ahead", "significantly ahead of"),
            ("ahead, one test", "ahead by one of the two tests of"),
            ("behind", "significantly behind"),
            ("behind, one test", "behind by one of the two tests"),
            ("level", "not told apart from"),
        )
        if how in groups
    ]
    return f"{place[2]}: “{reference}” is {'; '.join(said)}."


def _listed(names: Sequence[str]) -> str:
    quoted = [f"“{name}”" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
