"""Where `evaluate` writes its reports."""

from dataclasses import dataclass
from pathlib import Path

from intentrec.errors import ConfigError
from intentrec.evaluation import Evaluation
from intentrec.workspace.files import write_atomic


@dataclass(frozen=True)
class Reports:
    """The files that were asked for.

    Attributes:
        html: Of the page; None for none.
        markdown: Of the Markdown; None for none.
    """

    html: Path | None
    markdown: Path | None

    def check(self) -> None:
        """What can be refused before hours of work is.

        Raises:
            ConfigError: A file cannot be written where it should be.
            MissingExtra: What a page needs is not installed.
        """
        from intentrec.evaluation.reports import ready_for_html

        for path in (self.html, self.markdown):
            if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
                raise ConfigError(f"The report {path} cannot be written: name a file in a folder that exists.")
        if self.html is not None:
            ready_for_html()

    def write(self, evaluation: Evaluation) -> list[Path]:
        """The files that were written."""
        made = [(self.html, evaluation.to_html), (self.markdown, evaluation.to_markdown)]
        written = []
        for path, text in made:
            if path is not None:
                write_atomic(path, text().encode())
                written.append(path)
        return written
