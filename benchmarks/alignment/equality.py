"""Does one adapter give the same answers by every road on which it can be served?

torch computes with the numbers that a GGUF file stands for; llama.cpp rounds what goes into a quantised layer to 8
bits as well. The roads are alike but for arithmetic, and a near tie between two tokens may fall otherwise on each.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from benchmarks.alignment.judged import CONFIDENCE, texts_of
from benchmarks.alignment.roads import BARE, LLAMA, Server, open_roads
from benchmarks.alignment.shops import Shop
from benchmarks.alignment.writers import Writer
from intentrec.judge.rates import Passed, uncorrected
from intentrec.llm.config import Stage
from intentrec.pipeline.align_judging import Examiner, open_examiner
from intentrec.pipeline.asking import Asked, Asking
from intentrec.progress import Progress

_CHOICE = {"interests": "interest", "tags": "tags", "explanations": "text"}
_SHOWN = 3


@dataclass(frozen=True)
class Said:
    """What came by one road.

    Attributes:
        texts: Answers as JSON without spaces; None where none came that fits.
        grades: The judge's grade of each, the worst of its rows; None where there is nothing to judge.
    """

    road: str
    texts: Sequence[str | None]
    grades: Sequence[str | None]


@dataclass(frozen=True)
class Agreement:
    """How far two roads agree; identical to verdict are means over the questions that both answered.

    Attributes:
        questions: All that were asked.
        alike: Questions that both answered, or neither.
        both: Questions that both answered.
        identical: The same answer, letter by letter.
        normalised: The same but for case and spaces.
        choice: Phrases chosen by both, of those chosen by either (Jaccard), likewise but for case and spaces: of
            interests the name, of tags the tags, of explanations the sentence.
        verdict: The same grade by the judge.
        parted: Question, by its place, and both answers where they are not the same but for case and spaces.
        margins: For each of these how much likelier the first road's token is where they part, in nats, by the adapter
            in torch; near 0 where rounding decides.
    """

    stage: Stage
    roads: tuple[str, str]
    questions: int
    alike: int
    both: int
    identical: float
    normalised: float
    choice: float
    verdict: float
    parted: tuple[tuple[int, str, str], ...]
    margins: tuple[float, ...] = ()


def said_by_roads(
    shop: Shop, asking: Asking, asked: Sequence[Asked], chosen: Sequence[Writer], progress: Progress
) -> list[Said]:
    """What comes by each road on questions of one stage, judged by rules alone."""
    by_rules = shop.config.judge.model_copy(update={"mode": "rules"})
    config = shop.config.model_copy(update={"judge": by_rules})
    with open_examiner(shop.workspace, config, asking, progress) as examiner:
        return [_said(shop, writer, asked, examiner, progress) for writer in chosen]


def _said(shop: Shop, writer: Writer, asked: Sequence[Asked], examiner: Examiner, progress: Progress) -> Said:
    texts = texts_of(shop, writer, asked, progress)
    grades = examiner.grade([(one, text or "") for one, text in zip(asked, texts, strict=True)])
    return Said(writer.name, texts, grades)


def agreement(stage: Stage, one: Said, other: Said) -> Agreement:
    """Compare two roads question by question."""
    pairs = list(zip(one.texts, other.texts, strict=True))
    both = [(n, a, b) for n, (a, b) in enumerate(pairs) if a is not None and b is not None]
    return Agreement(
        stage=stage,
        roads=(one.road, other.road),
        questions=len(pairs),
        alike=sum((a is None) == (b is None) for a, b in pairs),
        both=len(both),
        identical=_mean([a == b for _, a, b in both]),
        normalised=_mean([normalised(a) == normalised(b) for _, a, b in both]),
        choice=_mean([jaccard(chosen(stage, a), chosen(stage, b)) for _, a, b in both]),
        verdict=_mean([one.grades[n] == other.grades[n] for n, *_ in both]),
        parted=tuple(each for each in both if normalised(each[1]) != normalised(each[2])),
    )


def normalised(text: str) -> str:
    """Without what case and spaces tell apart."""
    return " ".join(text.casefold().split())


def chosen(stage: Stage, text: str) -> frozenset[str]:
    """The phrases that an answer settles on, normalised."""
    found = json.loads(text)[_CHOICE[stage]]
    return frozenset(map(normalised, [found] if isinstance(found, str) else found))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """What both hold, of what either holds; 1 where neither holds anything."""
    return len(one & other) / len(one | other) if one | other else 1.0


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def agreements(found: Sequence[Agreement]) -> str:
    """A row a pair of roads, with Wilson's intervals; of a mean of shares that is the widest its mean allows."""
    head = "| stage | roads | questions | answered alike | both answered | identical | but for case and spaces "
    rows = [head + "| same choice | same verdict | widest margin where they part |", "|---" * 10 + "|"]
    for one in found:
        shares = [_with_interval(value, one.both) for value in (one.identical, one.normalised, one.choice, one.verdict)]
        told = [one.stage, " / ".join(one.roads), str(one.questions), str(one.alike), str(one.both), *shares]
        told += [f"{max(map(abs, one.margins)):.2f}" if one.margins else "-"]
        rows.append("| " + " | ".join(told) + " |")
    return "\n".join(rows)


def _with_interval(share: float, n: int) -> str:
    if not n:
        return "-"
    rate = uncorrected(Passed(share, n, n), CONFIDENCE)
    return f"{share:.3f} [{rate.low:.3f}, {rate.high:.3f}]"


def parted(found: Sequence[Agreement]) -> str:
    """Where the roads part: the first answers of each pair that differ."""
    shown = ((one.roads, a, b) for one in found for _, a, b in one.parted[:_SHOWN])
    return "\n".join(f"{' / '.join(roads)}: {a}  {b}" for roads, a, b in shown)


def compare_roads(
    shop: Shop,
    asking: Asking,
    stage: Stage,
    folder: Path,
    server: Server | None,
    parts: Sequence[str],
    questions: int,
    progress: Progress,
) -> list[Agreement]:
    """Every pair of roads of one adapter, and llama.cpp with the adapter against without: what the figures can see.

    Args:
        folder: Of the adapter.
        server: Where it is offered as well.
        parts: Only roads whose name has one of these in it; all if there are none.
        questions: Most that are asked.
    """
    asked = asking.asked(stage, "tuned")[:questions]
    if not asked:
        raise SystemExit(f"There are no questions of {stage} about these users: raise --users.")
    with open_roads(stage, folder, server, parts) as roads:
        said = said_by_roads(shop, asking, asked, roads, progress)
    pairs = [(one, other) for one, other in combinations(said, 2) if other.road != BARE or one.road == LLAMA]
    return _weighed([agreement(stage, one, other) for one, other in pairs], asked, folder)


def _weighed(found: Sequence[Agreement], asked: Sequence[Asked], folder: Path) -> list[Agreement]:
    """With margins, where both roads have the adapter."""
    told = [() if BARE in one.roads else one.parted for one in found]
    if not any(told):
        return list(found)
    from benchmarks.alignment.margins import Scale  # torch takes seconds

    scale = Scale(folder)
    return [
        replace(one, margins=tuple(scale.margin(asked[n].request, a, b) for n, a, b in own))
        for one, own in zip(found, told, strict=True)
    ]


def to_json(one: Agreement) -> str:
    """A line for a file of figures."""
    return json.dumps(asdict(one), ensure_ascii=False)
