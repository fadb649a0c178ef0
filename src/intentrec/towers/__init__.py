"""User, item and tag vectors in one space, learnt from the log: the towers of RecGPT-V1, section 2.3."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from intentrec.extras import require
from intentrec.towers.config import TowersConfig

if TYPE_CHECKING:
    from intentrec.towers.fitting import fit
    from intentrec.towers.losses import clashes, sampled_softmax, tar_loss
    from intentrec.towers.towers import Towers
    from intentrec.towers.training import Epoch
    from intentrec.towers.validation import Recall

__all__ = ["Epoch", "Recall", "Towers", "TowersConfig", "clashes", "fit", "sampled_softmax", "tar_loss"]

_HOMES = {
    "Epoch": "training",
    "Recall": "validation",
    "Towers": "towers",
    "clashes": "losses",
    "fit": "fitting",
    "sampled_softmax": "losses",
    "tar_loss": "losses",
}


def __getattr__(name: str) -> Any:
    """The names that need torch, imported when they are first used: settings are read without it."""
    if name not in _HOMES:
        raise AttributeError(f"module 'intentrec.towers' has no attribute {name!r}")
    require("torch", "the towers")
    return getattr(import_module(f"intentrec.towers.{_HOMES[name]}"), name)
