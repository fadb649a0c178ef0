"""The command line: nothing but calls and what they print. `intentrec --help` is the way in."""

from intentrec.cli.app import app, main

__all__ = ["app", "main"]
