"""The curriculum as samples, in the order in which it is learned."""

import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files

from intentrec.alignment.data.config import AlignmentDataConfig
from intentrec.alignment.data.curriculum.lesson import NO, YES, Lesson
from intentrec.alignment.data.curriculum.shop import Shop
from intentrec.alignment.data.curriculum.tasks import TASKS, CurriculumTask, in_order
from intentrec.alignment.data.grading import Made
from intentrec.alignment.samples import Sample
from intentrec.errors import ConfigError
from intentrec.llm import Message, Prompt, fence

_PACKAGE = "intentrec.alignment.data"
_LONGEST = 240


def curriculum(shop: Shop, config: AlignmentDataConfig) -> Made:
    """Samples of every task that can be made of the shop; a task comes after those that it needs.

    Counts say how many there are of each task, and are 0 for a task that this shop gives none of.
    """
    samples: list[Sample] = []
    counts: Counter[str] = Counter()
    for task in in_order(TASKS):
        own = list(_samples(task, shop, min(task.count, config.curriculum_limit)))
        counts[f"curriculum: {task.name}"] = len(own)
        samples += own
    return Made(samples, counts)


def _samples(task: CurriculumTask, shop: Shop, limit: int) -> Iterator[Sample]:
    prompt, words = _prompt(task.name, shop.language), _texts(shop.language)["answers"]
    lessons = iter(()) if task.build is None or not limit else task.build(shop)
    asked: set[tuple[Message, ...]] = set()
    for lesson in lessons:
        messages = prompt.render(**lesson.values)
        if messages not in asked and lesson.answer:
            asked.add(messages)
            # What shops write may hold the signs of chat templates, which must not be learned as answers either.
            answer = words.get(lesson.answer, fence(lesson.answer, _LONGEST)[1:-1])
            yield _sample(task, lesson, messages, answer, prompt, shop)
        if len(asked) == limit:
            return


def _sample(
    task: CurriculumTask, lesson: Lesson, messages: tuple[Message, ...], answer: str, prompt: Prompt, shop: Shop
) -> Sample:
    return Sample(
        task=f"curriculum:{task.name}",
        source="curriculum",
        writer="none",
        messages=messages,
        answer=answer,
        as_of=shop.as_of,
        prompt_version=prompt.version,
        user_id=lesson.user_id,
        item_id=lesson.item_id,
    )


@lru_cache
def _prompt(task: str, language: str) -> Prompt:
    texts = _texts(language)
    if task not in texts["questions"]:  # of a task that cannot be made
        return Prompt.parse("=== user\n", f"curriculum/{task}.{language}")
    source = f"=== system\n{texts['system']}\n=== user\n{texts['questions'][task]}"
    return Prompt.parse(source, f"curriculum/{task}.{language}")


@lru_cache
def _texts(language: str) -> dict[str, dict[str, str]]:
    file = files(_PACKAGE) / "prompts" / f"curriculum.{language}.toml"
    if not file.is_file():
        raise ConfigError(f"There is no curriculum in language {language!r}. Set `language` to en or ru.")
    texts = tomllib.loads(file.read_text("utf-8"))
    assert {YES, NO} <= texts["answers"].keys()
    return texts
