"""Figures as Markdown."""

from collections.abc import Sequence

from benchmarks.alignment.judged import Line

_BELOW = "135M writing, zero-shot"
_TEACHER = "1.5B writing, zero-shot"


def to_markdown(lines: Sequence[Line]) -> str:
    """A row for each writer and figure; ratios are to the small model writing zero-shot, and to the teacher."""
    head = "| shop | stage | figure | writer | questions | answered | value | to 135M writing | to 1.5B |"
    rows = [head, "|---" * 9 + "|"]
    for line in lines:
        low, high = line.interval()
        cells = [line.shop, line.stage, line.figure, line.writer, f"{line.questions}", f"{line.answered}"]
        cells += [f"{line.value:.3f} [{low:.3f}, {high:.3f}]"]
        cells += [_ratio(line, lines, _BELOW), _ratio(line, lines, _TEACHER)]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _ratio(line: Line, lines: Sequence[Line], name: str) -> str:
    same = (other for other in lines if (other.figure, other.writer) == (line.figure, name))
    other = next(same, None)
    if other is None or other.writer == line.writer:
        return ""
    ratio, low, high = line.against(other)
    return f"{ratio:.2f}x, {low:+.3f} to {high:+.3f}"
