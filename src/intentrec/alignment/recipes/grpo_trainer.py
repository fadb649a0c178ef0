"""TRL's trainer by reward, given questions of ours."""

from collections.abc import Callable, Sequence
from typing import Any

from intentrec.alignment.recipes.opening import PURPOSE
from intentrec.alignment.recipes.rewards import Question, Reward
from intentrec.alignment.recipes.running import Kept
from intentrec.extras import require

trl: Any = require("trl", PURPOSE)


class RewardTrainer(Kept, trl.GRPOTrainer):  # type: ignore[misc]
    """Asks the model, has its answers rewarded, and makes those above their group's mean likelier."""

    def __init__(
        self, questions: Sequence[Question], reward: Reward, count: Callable[[int], None], **more: Any
    ) -> None:
        datasets: Any = require("datasets", PURPOSE)
        self.count = count

        def rewarded(completions: list[Any], place: list[int], **_: Any) -> list[float]:
            said = [each if isinstance(each, str) else each[0]["content"] for each in completions]
            return reward([questions[number] for number in place], said)

        chats = [[{"role": m.role, "content": m.content} for m in question.messages] for question in questions]
        rows = datasets.Dataset.from_dict({"prompt": chats, "place": list(range(len(questions)))})
        super().__init__(train_dataset=rows, reward_funcs=[rewarded], **more)

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """TRL's."""
        self.count(int(inputs["prompt_mask"].sum() + inputs["completion_mask"].sum()))
        return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
