"""TRL's preference trainer with batches of our own, and a reference that is computed once."""

from collections.abc import Callable
from typing import Any

from torch.utils.data import DataLoader

from intentrec.alignment.recipes.batches import Plan
from intentrec.alignment.recipes.opening import PURPOSE
from intentrec.alignment.recipes.running import Kept
from intentrec.alignment.recipes.tokens import Row
from intentrec.extras import require

trl: Any = require("trl", PURPOSE)


class PreferenceTrainer(Kept, trl.DPOTrainer):  # type: ignore[misc]
    """Trains on a plan of batches of pairs."""

    def __init__(self, rows: list[Row], plan: Plan, count: Callable[[int], None], **more: Any) -> None:
        datasets: Any = require("datasets", PURPOSE)
        self.plan, self.count = plan, count
        pairs = [{"prompt_ids": row.question, "chosen_ids": row.answer, "rejected_ids": row.rejected} for row in rows]
        super().__init__(train_dataset=datasets.Dataset.from_list(pairs), **more)
        self.model.delete_adapter("ref")  # its word is known now, and no checkpoint needs it

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        return dataset  # in tokens already

    def _precompute_ref_logps(self, dataset: Any, name: str, batch_size: int) -> Any:
        """What the model says of all pairs before it learns; every process asks for all of them."""
        chosen: list[float] = [0.0] * len(dataset)
        rejected = list(chosen)
        for places in {place: None for batch in self.plan for place in [tuple(batch)]}:
            inputs = self._prepare_inputs(self.data_collator([dataset[place] for place in places]))
            for told, into in zip(self.compute_ref_log_probs(self.model, inputs), (chosen, rejected), strict=True):
                for place, value in zip(places, told.tolist(), strict=True):
                    into[place] = value
        return dataset.add_column("ref_chosen_logps", chosen).add_column("ref_rejected_logps", rejected)

    def get_train_dataloader(self) -> Any:
        """The plan's batches, each process its share."""
        loader = DataLoader(self.train_dataset, batch_sampler=self.plan, collate_fn=self.data_collator)
        return self.accelerator.prepare(loader)

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """TRL's."""
        self.count(int(inputs["attention_mask"].sum()))
        return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
