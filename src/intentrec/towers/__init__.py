"""User, item and tag vectors in one space, learnt from the log: the towers of RecGPT-V1, section 2.3."""

from intentrec.towers.config import TowersConfig
from intentrec.towers.fitting import fit
from intentrec.towers.losses import clashes, sampled_softmax, tar_loss
from intentrec.towers.towers import Towers
from intentrec.towers.training import Epoch
from intentrec.towers.validation import Recall

__all__ = ["Epoch", "Recall", "Towers", "TowersConfig", "clashes", "fit", "sampled_softmax", "tar_loss"]
