"""The command line as a function."""

import sys
from collections.abc import Callable

import pytest

from intentrec.cli import common, main

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs `intentrec ARGS`: exit code, stdout, stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["intentrec", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        for console in (common.out, common.err):  # they read the environment when they were made
            monkeypatch.setattr(console, "_width", 200)
        code = 0
        try:
            main()
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
