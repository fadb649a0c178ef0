"""RecTools' training module with another way to the same loss."""

import torch
from rectools.models.nn.transformers.lightning import TransformerLightningModule

from benchmarks.rectools.worker.positions import Batch, real_position_loss


class RealPositions(TransformerLightningModule):  # type: ignore[misc]
    """As RecTools' module, but padding costs nothing."""

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        """As RecTools': the mean loss over all positions with a target."""
        loss = real_position_loss(self, batch)
        self.log(self.train_loss_name, loss, on_step=False, on_epoch=True)
        return loss
