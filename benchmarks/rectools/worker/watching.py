"""What looks at training while it runs: the clock, and the validation that stops it."""

import time
from typing import Any

import numpy as np
import pandas as pd
import torch
from pytorch_lightning import Callback

K = 10
_USERS_AT_ONCE = 512


class Clock(Callback):  # type: ignore[misc]
    """Seconds and real positions of the training steps, validation left out."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.cpu_seconds: list[float] = []
        self.positions: list[int] = []
        self.losses: list[float] = []
        self.steps = 0

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self._start, self._cpu_start = time.perf_counter(), time.process_time()
        self.positions.append(0)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.steps += 1
        self.positions[-1] += int((batch["y"] != 0).sum())

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self.seconds.append(time.perf_counter() - self._start)
        self.cpu_seconds.append(time.process_time() - self._cpu_start)
        self.losses.append(float(trainer.callback_metrics[pl_module.train_loss_name]))
        print(f"epoch {len(self.seconds)}: loss {self.losses[-1]:.4f}, {self.seconds[-1]:.1f} s", flush=True)


class Validation(Callback):  # type: ignore[misc]
    """Recall and NDCG at 10 of held-out items over the whole catalogue, after every so many epochs.

    Keeps the weights of the best NDCG and stops training after `patience` epochs without a better one.

    Args:
        train: user_id, item_id in the order of time.
        targets: user_id, item_id that must be found. What the user has in `train` is not asked for; an item that
            training never saw counts as missed.
        every: Epochs between two looks.
        patience: Epochs without gain.
    """

    def __init__(self, train: pd.DataFrame, targets: pd.DataFrame, every: int, patience: int) -> None:
        histories = train.groupby("user_id", sort=False)["item_id"].agg(list)
        pair = ["user_id", "item_id"]
        had = targets[pair].merge(train[pair].drop_duplicates(), on=pair, how="left", indicator="place")["place"]
        fresh = targets[(had == "left_only").to_numpy()].drop_duplicates(pair)
        wanted = fresh.groupby("user_id", sort=False)["item_id"].agg(list)
        users = wanted.index.intersection(histories.index, sort=False)
        pairs = list(zip(histories[users], wanted[users], strict=True))
        self.pairs = sorted(pairs, key=lambda pair: len(pair[0]))  # batches of one length need little padding
        self.users = len(wanted)
        self.every, self.patience = every, patience
        self.rows: list[dict[str, float]] = []
        self.best: dict[str, float] = {"epoch": 0, "ndcg@10": -1.0}
        self.state: dict[str, torch.Tensor] = {}

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        epoch = trainer.current_epoch + 1
        if epoch % self.every:
            return
        start = time.perf_counter()
        row = {"epoch": epoch, **self.measured(pl_module), "seconds": time.perf_counter() - start}
        self.rows.append(row)
        print({name: round(value, 4) for name, value in row.items()}, flush=True)
        if row["ndcg@10"] > self.best["ndcg@10"]:
            self.best = row
            self.state = {name: value.clone() for name, value in pl_module.state_dict().items()}
        trainer.should_stop = trainer.should_stop or epoch - self.best["epoch"] >= self.patience

    def measured(self, module: Any) -> dict[str, float]:
        """Means over all users with a target; users without a history count as missed."""
        recall, ndcg = 0.0, 0.0
        was_training = module.training
        module.eval()
        with torch.no_grad():
            items = module.torch_model.item_model.get_all_embeddings()
            for start in range(0, len(self.pairs), _USERS_AT_ONCE):
                found = self._block(module, items, self.pairs[start : start + _USERS_AT_ONCE])
                recall, ndcg = recall + found[0], ndcg + found[1]
        module.train(was_training)
        return {"recall@10": recall / self.users, "ndcg@10": ndcg / self.users}

    def _block(self, module: Any, items: torch.Tensor, pairs: list[tuple[list[str], list[str]]]) -> tuple[float, float]:
        preparator = module.data_preparator
        known = preparator.item_id_map.to_internal
        seen = [[known[item] for item in history if item in known.index] for history, _ in pairs]
        batch = preparator._collate_fn_recommend([(ids, [], {}) for ids in seen if ids])
        states = _last_states(module, batch, items)
        scores = states @ items.T
        scores[:, : preparator.n_item_extra_tokens] = -torch.inf
        recall = ndcg = 0.0
        rows = [(ids, wanted) for ids, (_, wanted) in zip(seen, pairs, strict=True) if ids]
        for row, (ids, _) in enumerate(rows):
            scores[row, ids] = -torch.inf
        top = scores.topk(K, dim=1).indices.numpy()
        for row, (_, wanted) in enumerate(rows):
            hits = np.isin(top[row], [known[item] for item in wanted if item in known.index])
            ideal = (1 / np.log2(np.arange(2, min(len(wanted), K) + 2))).sum()
            recall += hits.sum() / len(wanted)
            ndcg += (hits / np.log2(np.arange(2, K + 2))).sum() / ideal
        return recall, ndcg


def _last_states(module: Any, batch: dict[str, torch.Tensor], items: torch.Tensor) -> torch.Tensor:
    """The state of each history's end, (B, D). Where padding is masked, what is padding for all is cut off."""
    if module.torch_model.use_key_padding_mask:
        batch = {"x": batch["x"][:, -int((batch["x"] != 0).sum(dim=1).max()) :]}
    states = module.torch_model.encode_sessions(batch, items)[:, -1, :]
    last: torch.Tensor = module.torch_model.similarity_module.session_tower_forward(states)
    return last
