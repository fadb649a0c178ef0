"""Training data for a judge from what people labelled, balanced as RecGPT-V1 does (section 2.5.1).

Labels come in rounds. Where one verdict is rarer, every round gives its examples of it; of the commoner one as many are
taken, those of later rounds first, so that the judge follows what people think now.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from intentrec.judge.config import JudgeConfig
from intentrec.judge.questions import Question, answer_of, request_of

_SECONDS_A_DAY = 86_400.0


@dataclass(frozen=True)
class Labelled:
    """A question that people have answered.

    Attributes:
        at: When, in seconds.
    """

    question: Question
    verdict: str
    at: float

    @property
    def passed(self) -> bool:
        """Whether the output passes."""
        return self.verdict in self.question.criterion.passes


def balanced(examples: Sequence[Labelled], config: JudgeConfig) -> list[Labelled]:
    """Examples of both verdicts of each criterion, as many of one as of the other; oldest round first.

    A criterion that has examples of one verdict only gives none: from those a judge learns to say always the same.
    """
    first = min((example.at for example in examples), default=0.0)
    groups: dict[tuple[str, str], list[Labelled]] = defaultdict(list)
    for example in examples:
        groups[(example.question.case.task, example.question.criterion.name)].append(example)
    kept = [example for key in sorted(groups) for example in _balanced(groups[key], first, config)]
    return sorted(kept, key=lambda example: (_round(example, first, config), _draw(example)))


def _balanced(group: Sequence[Labelled], first: float, config: JudgeConfig) -> list[Labelled]:
    passing = [example for example in group if example.passed]
    failing = [example for example in group if not example.passed]
    rare, common = sorted((failing, passing), key=len)
    latest_first = sorted(common, key=lambda example: (-_round(example, first, config), _draw(example)))
    return [*rare, *latest_first[: round(config.majority_ratio * len(rare))]]


def _round(example: Labelled, first: float, config: JudgeConfig) -> int:
    return int((example.at - first) // (config.round_days * _SECONDS_A_DAY))


def _draw(example: Labelled) -> bytes:
    return sha256(example.question.salt.encode()).digest()


def chat_lines(examples: Iterable[Labelled], language: str, limit: int, *, small: bool) -> list[str]:
    """One JSON object a line with `messages` as chat trainers read them: the judge's own prompt and the right answer.

    Args:
        limit: Lines of evidence, history or facts that are shown, as when the judge is asked.
        small: Whether the judge to be trained is asked for yes or no.
    """
    return [_line(example, language, limit, small=small) for example in examples]


def _line(example: Labelled, language: str, limit: int, *, small: bool) -> str:
    request = request_of(example.question, language, limit, small=small)
    answer = answer_of(example.question, example.verdict, example.question.case.text, language, small=small)
    turns = [{"role": message.role, "content": message.content} for message in request.messages]
    return json.dumps({"messages": [*turns, {"role": "assistant", "content": answer}]}, ensure_ascii=False)
