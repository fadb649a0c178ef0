"""Figures as Markdown."""

from collections.abc import Sequence

from benchmarks.alignment.faults import HEAD, row
from benchmarks.alignment.judged import Line
from intentrec.pipeline.align_measure import PASS_RATE

BELOW = ("135M writing, zero-shot", "1.5B writing, zero-shot")


def to_markdown(lines: Sequence[Line], below: Sequence[str] = BELOW) -> str:
    """A row for each writer and figure; ratios and differences are to the writers that are named `below`."""
    head = "| shop | stage | figure | writer | questions | answered | value |"
    rows = [head + "".join(f" to {name} |" for name in below), "|---" * (7 + len(below)) + "|"]
    for line in lines:
        low, high = line.interval()
        cells = [line.shop, line.stage, line.figure, line.writer, f"{line.questions}", f"{line.answered}"]
        cells += [f"{line.value:.3f} [{low:.3f}, {high:.3f}]"]
        cells += [_ratio(line, lines, name) for name in below]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def why(lines: Sequence[Line]) -> str:
    """What the rules find in each writer's outputs."""
    return "\n".join(
        [HEAD, *(row(line.stage, line.writer, line.outputs, line.faults) for line in lines if line.figure == PASS_RATE)]
    )


def _ratio(line: Line, lines: Sequence[Line], name: str) -> str:
    same = (other for other in lines if (other.figure, other.writer) == (line.figure, name))
    other = next(same, None)
    if other is None or other.writer == line.writer:
        return ""
    ratio, low, high = line.against(other)
    return f"{ratio:.2f}x, {low:+.3f} to {high:+.3f}"
