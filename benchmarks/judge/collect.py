"""Outputs for raters to judge: of several writers and two shops, and planted faults; no workspace is needed then."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from benchmarks.alignment.judged import asking_of, texts_of
from benchmarks.alignment.shops import Shop
from benchmarks.alignment.writers import Writer
from benchmarks.judge.samples import Labelled, Sample
from intentrec.judge.cases import Case
from intentrec.judge.criteria import Task
from intentrec.judge.judging import Judge
from intentrec.judge.planted import drawn, plants
from intentrec.llm.config import Stage
from intentrec.pipeline.align_judging import open_examiner, value_of
from intentrec.pipeline.asking import TASK_OF, Asking
from intentrec.progress import Progress


def collected(
    shop: Shop,
    tasks: Sequence[Task],
    chosen: Sequence[Writer],
    asked: slice,
    planted: int,
    users: int,
    progress: Progress,
) -> Iterator[Labelled]:
    """The samples of each task, in an order that tells nothing of the writer.

    Args:
        shop: Where the questions come from.
        tasks: Of which outputs are taken.
        chosen: Whose outputs are taken; the first one's are planted in.
        asked: Questions of each task; of each writer as many outputs are taken.
        planted: Planted faults of each task.
        users: Whom questions are about.
        progress: Told about answers.
    """
    asking = asking_of(shop, users, progress)
    with open_examiner(shop.workspace, shop.config, asking, progress) as examiner:
        for stage, task in ((stage, task) for stage, task in TASK_OF.items() if task in tasks):
            found = {w.name: _written(shop, asking, stage, w, asked, progress) for w in chosen if w.writes(stage)}
            good = _clean(next(iter(found.values())), examiner.judge)
            faults = drawn(plants(good, examiner.judge.standards), planted)
            samples = [
                Sample(shop.name, (name,), "", case)
                for name, cases in found.items()
                for case in cases[: asked.stop - asked.start]
            ]
            samples += [Sample(shop.name, ("planted",), fault.kind, fault.case) for fault in faults]
            yield Labelled(task, tuple(sorted(_distinct(samples), key=lambda sample: _place(sample.case))))


def _written(shop: Shop, asking: Asking, stage: Stage, writer: Writer, asked: slice, progress: Progress) -> list[Case]:
    questions = asking.asked(stage, writer.form)[asked]
    texts = texts_of(shop, writer, questions, progress)
    values = [(one, value_of(one, text or "")) for one, text in zip(questions, texts, strict=True)]
    answered = [(one, value, writer.name, one.request.prompt_version) for one, value in values if value is not None]
    cases = [case for own in asking.cases(answered) for case in own]
    return sorted(cases, key=_place)


def _clean(cases: Sequence[Case], judge: Judge) -> list[Case]:
    return [case for case, faults in zip(cases, judge.faults(cases), strict=True) if not faults]


def _place(case: Case) -> bytes:
    return sha256(f"labelled\0{case.key}".encode()).digest()


def _distinct(samples: Iterable[Sample]) -> list[Sample]:
    """Each output once, with all who wrote it; the first of its kind stays where it was."""
    found: dict[str, Sample] = {}
    for sample in samples:
        known = found.get(sample.case.key)
        found[sample.case.key] = known.also_by(sample.writers) if known else sample
    return list(found.values())


def store(folder: Path, parts: Sequence[Labelled]) -> None:
    """Add samples to those that lie in a folder; raters' verdicts on what is there stay good."""
    for part in parts:
        earlier = Labelled.read(folder, part.task).samples if Labelled.file(folder, part.task).exists() else ()
        Labelled(part.task, tuple(_distinct([*earlier, *part.samples]))).write(folder)
