"""Which samples are worked on in which step, and what that will take."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from intentrec.alignment.config import AlignmentConfig
from intentrec.alignment.recipes.batches import Plan, Sizes, sizes
from intentrec.alignment.recipes.estimate import Work
from intentrec.alignment.recipes.tokens import Row


@dataclass(frozen=True)
class Schedule:
    """All steps of a training on samples.

    Attributes:
        texts: Of one sample: one, or both of a pair.
        world: Processes that share each step.
    """

    rows: Sequence[Row]
    plan: Plan
    shape: Sizes
    texts: int
    world: int

    @classmethod
    def of(cls, rows: Sequence[Row], config: AlignmentConfig, texts: int = 1) -> "Schedule":
        """The steps that the settings ask for."""
        lengths, world = [texts * row.tokens for row in rows], processes()
        shape = sizes(config.batch_tokens, config.micro_tokens, max(lengths), world)
        together = shape.parts * world
        plan = Plan.of(lengths, shape.micro, epochs=config.epochs, together=together, seed=config.seed)
        return cls(rows, plan, shape, texts, world)

    @property
    def steps(self) -> int:
        """In all."""
        return len(self.plan) // (self.shape.parts * self.world)

    @property
    def tokens(self) -> int:
        """Of all steps and one process, without padding."""
        each = [len(row.question) * self.texts + len(row.answer) + len(row.rejected) for row in self.rows]
        return sum(each[place] for batch in self.plan for place in batch) // self.world

    def work(self, *, scored_whole: bool = False) -> Work:
        """What one process does.

        Args:
            scored_whole: Whether logits are computed for questions, too.
        """
        tokens = scored = most = 0
        for batch in self.plan:
            read = self.texts * len(batch) * max(self.rows[place].tokens for place in batch)
            answers = self.texts * len(batch) * max(len(self.rows[place].answer) for place in batch)
            own = read if scored_whole else answers
            tokens, scored, most = tokens + read, scored + own, max(most, own)
        return Work(tokens / self.world, scored / self.world, (self.shape.micro, most))


def processes() -> int:
    """How many `accelerate launch` or `torchrun` started."""
    return int(os.environ.get("WORLD_SIZE", "1"))
