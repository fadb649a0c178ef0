"""A comparison as a page that opens anywhere without a network, and as Markdown: same tables, same words."""

from intentrec.evaluation.reports.build import report_of
from intentrec.evaluation.reports.markdown import to_markdown
from intentrec.evaluation.reports.page import ready_for_html, to_html
from intentrec.evaluation.reports.parts import Cell, Figure, Part, Report, Table

__all__ = ["Cell", "Figure", "Part", "Report", "Table", "ready_for_html", "report_of", "to_html", "to_markdown"]
