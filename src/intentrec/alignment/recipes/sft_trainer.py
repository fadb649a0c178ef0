"""TRL's supervised trainer with batches of our own, and logits only where there is a loss."""

from collections.abc import Callable
from typing import Any

from torch.nn import functional
from torch.utils.data import DataLoader

from intentrec.alignment.recipes.batches import IGNORED, Plan, collated
from intentrec.alignment.recipes.opening import PURPOSE
from intentrec.alignment.recipes.running import Kept
from intentrec.alignment.recipes.tokens import Row
from intentrec.extras import require

trl: Any = require("trl", PURPOSE)


class SupervisedTrainer(Kept, trl.SFTTrainer):  # type: ignore[misc]
    """Trains on a plan of batches. Its dataset is the places of the rows: `{"place": n}`.

    TRL's own loss scores every position where there is no GPU; ours scores the end of each text, where the answers are.
    """

    def __init__(self, rows: list[Row], plan: Plan, count: Callable[[int], None], **more: Any) -> None:
        datasets: Any = require("datasets", PURPOSE)
        self.rows, self.plan, self.count = rows, plan, count
        places = datasets.Dataset.from_dict({"place": list(range(len(rows)))})
        super().__init__(train_dataset=places, data_collator=self._collated, **more)

    def _collated(self, chosen: list[dict[str, int]]) -> dict[str, Any]:
        padding = int(self.processing_class.pad_token_id)
        return collated([self.rows[each["place"]] for each in chosen], padding)

    def get_train_dataloader(self) -> Any:
        """The plan's batches, each process its share."""
        loader = DataLoader(self.train_dataset, batch_sampler=self.plan, collate_fn=self._collated)
        return self.accelerator.prepare(loader)

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Mean cross entropy of the answers' tokens over the whole step."""
        labels = inputs["labels"]
        scored = labels != IGNORED
        self.count(int(inputs["attention_mask"].sum()))
        kept = labels.shape[1] - int(scored.any(dim=0).long().argmax()) + 1
        logits = model(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], logits_to_keep=kept, use_cache=False
        ).logits[:, :-1]
        wanted = labels[:, 1 - kept :]
        loss = functional.cross_entropy(
            logits.flatten(0, 1).float(), wanted.flatten(), ignore_index=IGNORED, reduction="sum"
        )
        total = scored.sum() if num_items_in_batch is None else num_items_in_batch
        # The tokens of all processes are counted, and their gradients averaged.
        return loss / total * self.accelerator.num_processes
