"""User, item and tag vectors in one space, learnt from the log: the towers of RecGPT-V1, section 2.3."""

from typing import TYPE_CHECKING

from intentrec.extras import lazily
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

__getattr__ = lazily(__name__, _HOMES, "torch", "the towers")
