"""RecTools' training module with another way to the same loss."""

import torch
from rectools.models.nn.transformers.lightning import TransformerLightningModule
from torch.nn.functional import cross_entropy

from benchmarks.rectools.worker.positions import Batch, real_position_loss


class RealPositions(TransformerLightningModule):  # type: ignore[misc]
    """As RecTools' module, but padding costs nothing."""

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        """As RecTools': the mean loss over all positions with a target."""
        loss = real_position_loss(self, batch)
        self.log(self.train_loss_name, loss, on_step=False, on_epoch=True)
        return loss

    @classmethod
    def _calc_softmax_loss(cls, logits: torch.Tensor, y: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        # RecTools puts the classes of logits (1, P, I) in the middle, where the softmax takes twice as long.
        losses = cross_entropy(logits.flatten(0, 1), y.flatten(), ignore_index=0, reduction="none") * w.flatten()
        return losses.sum() / (losses > 0).sum()
