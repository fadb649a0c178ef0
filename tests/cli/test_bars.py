"""Bars show on a terminal and nowhere else."""

from io import StringIO

from rich.console import Console

from intentrec.cli.bars import RichProgress


def drawn(*, terminal: bool) -> str:
    console = Console(file=StringIO(), force_terminal=terminal, width=100)
    with RichProgress(console) as progress:
        with progress.track("towers", total=3) as advance:
            advance(3)
        with progress.track("ranking") as advance:
            advance(2)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_a_terminal_sees_what_is_done() -> None:
    assert "towers" in drawn(terminal=True)
    assert "3/3" in drawn(terminal=True)


def test_a_pipe_sees_nothing() -> None:
    assert drawn(terminal=False).strip() == ""
