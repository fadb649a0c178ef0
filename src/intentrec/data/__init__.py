"""What comes in: readers, checks with a quarantine, the report, leak-free splits and the demo data set."""

from intentrec.data.asof import visible, visible_users
from intentrec.data.config import DataConfig, EventKind, EventsConfig
from intentrec.data.splits import Split, by_column, global_time, leave_one_out

__all__ = [
    "DataConfig",
    "EventKind",
    "EventsConfig",
    "Split",
    "by_column",
    "global_time",
    "leave_one_out",
    "visible",
    "visible_users",
]
