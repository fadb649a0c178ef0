"""Settings made into a RecTools model."""

from typing import Any

from pytorch_lightning import Callback, Trainer
from rectools.models import BERT4RecModel, SASRecModel
from rectools.models.nn.transformers.lightning import TransformerLightningModule
from rectools.models.nn.transformers.ligr import LiGRLayers

from benchmarks.rectools.settings import Settings
from benchmarks.rectools.worker.packed import RealPositions


def built(settings: Settings, callbacks: list[Callback]) -> Any:
    """An untrained model whose trainer carries the callbacks."""
    common: dict[str, Any] = {
        "n_factors": settings.n_factors,
        "n_blocks": settings.n_blocks,
        "n_heads": settings.n_heads,
        "session_max_len": settings.session_max_len,
        "dropout_rate": settings.dropout,
        "batch_size": settings.batch,
        "lr": settings.lr,
        "use_key_padding_mask": settings.mask_padding,
        "lightning_module_type": RealPositions if settings.real_positions else TransformerLightningModule,
        "get_trainer_func": trainer,
        "get_trainer_func_kwargs": {"epochs": settings.epochs, "limit_steps": settings.limit_steps},
        "recommend_torch_device": "cpu",
    }
    sampled = {"loss": "sampled_softmax", "n_negatives": settings.n_negatives}
    if settings.model == "bert4rec":
        model = BERT4RecModel(**common, loss="softmax", mask_prob=settings.mask_prob)
    elif settings.model == "sasrec":
        model = SASRecModel(**common, loss="softmax")
    elif settings.model == "sasrec-ss":
        model = SASRecModel(**common, **sampled)
    else:
        layers = {"ff_factors_multiplier": settings.ff_multiplier}
        model = SASRecModel(
            **common, **sampled, transformer_layers_type=LiGRLayers, transformer_layers_kwargs=layers
        )  # fmt: skip
    # RecTools stores the arguments of `get_trainer_func` as JSON, which a callback is not.
    model._trainer.callbacks.extend(callbacks)
    return model


def trainer(epochs: int, limit_steps: int) -> Trainer:
    """A quiet trainer; `limit_steps` 0 means whole epochs."""
    return Trainer(
        max_epochs=epochs,
        min_epochs=1,
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_train_batches=limit_steps or None,
    )
