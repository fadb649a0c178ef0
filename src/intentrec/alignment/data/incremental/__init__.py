"""Tags learned from what users did in the last days (incremental learning of RecGPT-V1, section 2.2.3)."""

from intentrec.alignment.data.incremental.learning import incremental
from intentrec.alignment.data.incremental.window import Window

__all__ = ["Window", "incremental"]
