"""What comes in: readers, checks with a quarantine, the report, leak-free splits and the demo data set."""

from intentrec.data.asof import visible, visible_users
from intentrec.data.checks import Checked, Known, check, number_rows
from intentrec.data.config import DataConfig, EventKind, EventsConfig
from intentrec.data.demo import demo_credit, demo_files
from intentrec.data.leaks import Leak
from intentrec.data.readers import read
from intentrec.data.report import BotLike, DataReport, data_report
from intentrec.data.source import Source
from intentrec.data.splits import Split, by_column, global_time, leave_one_out

__all__ = [
    "BotLike",
    "Checked",
    "DataConfig",
    "DataReport",
    "EventKind",
    "EventsConfig",
    "Known",
    "Leak",
    "Source",
    "Split",
    "by_column",
    "check",
    "data_report",
    "demo_credit",
    "demo_files",
    "global_time",
    "leave_one_out",
    "number_rows",
    "read",
    "visible",
    "visible_users",
]
