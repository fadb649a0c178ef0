"""Figures of several shops together: `python -m benchmarks.alignment.pooled FILE... --against NAME`.

FILE is what `python -m benchmarks.alignment table --out FILE` left for each shop. Users of all shops are resampled as
one group, so that what no shop has users enough to tell may be told by all of them.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.alignment.judged import Line
from benchmarks.alignment.report import to_markdown


def pooled(lines: Iterable[Line]) -> Iterator[Line]:
    """One line for each stage, figure and writer; a user is known by shop and id."""
    found: dict[tuple[str, str, str], Line] = {}
    for line in lines:
        own = replace(line, by_unit={f"{line.shop}/{unit}": value for unit, value in line.by_unit.items()})
        key = (line.stage, line.figure, line.writer)
        found[key] = _together(found[key], own) if key in found else own
    yield from found.values()


def _together(one: Line, other: Line) -> Line:
    return replace(
        one,
        shop=f"{one.shop}, {other.shop}",
        questions=one.questions + other.questions,
        answered=one.answered + other.answered,
        outputs=one.outputs + other.outputs,
        by_unit=one.by_unit | other.by_unit,
        faults=dict(Counter(one.faults) + Counter(other.faults)),
    )


def main() -> None:
    """Read, pool, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--against", action="append", required=True, help="a writer that the others are held against")
    given = parser.parse_args()
    told = [line for file in given.files for line in file.read_text("utf-8").splitlines()]
    print(to_markdown(list(pooled(Line(**json.loads(line)) for line in told)), given.against))


if __name__ == "__main__":
    main()
