"""Lessons about the shop that come before the tasks themselves (curriculum of RecGPT-V1, section 2.1.3)."""

from intentrec.alignment.data.curriculum.lessons import curriculum
from intentrec.alignment.data.curriculum.shop import Shop, open_shop
from intentrec.alignment.data.curriculum.tasks import TASKS, CurriculumTask, in_order

__all__ = ["TASKS", "CurriculumTask", "Shop", "curriculum", "in_order", "open_shop"]
