"""What a model is asked about one case by one criterion: a verdict with the words that decide, or yes or no."""

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256

from intentrec.judge.cases import Case
from intentrec.judge.criteria import PACKAGE, Criterion, Task, criteria_of
from intentrec.judge.showing import shown, shuffled
from intentrec.llm.answers import closed_schema
from intentrec.llm.messages import Request
from intentrec.llm.prompts import Prompt

STAGE = "judge"
YES_NO = {"en": ("yes", "no"), "ru": ("да", "нет")}
_QUOTE_LENGTH = 120
_QUOTE_TOKENS = 32 + _QUOTE_LENGTH // 2
_ANSWER_TOKENS = 16


@dataclass(frozen=True)
class Question:
    """A case and the criterion it is to be judged by."""

    case: Case
    criterion: Criterion

    @property
    def salt(self) -> str:
        """What orders are drawn by."""
        return f"{self.case.key}\0{self.criterion.name}"


def request_of(question: Question, language: str, limit: int, *, small: bool) -> Request:
    """What a model is asked: for a verdict with a quote, or a small one for yes or no."""
    criterion = question.criterion
    values = shown(question.case, language, limit) | {"name": criterion.name, "question": criterion.question}
    if small:
        values |= {"examples": _two_examples(question, language)}
        schema = closed_schema({"answer": {"enum": shuffled(YES_NO[language], question.salt)}})
    else:
        levels = shuffled(criterion.levels, question.salt)
        values |= {
            "definition": criterion.definition,
            "levels": levels,
            "meanings": criterion.meanings,
            "examples": shuffled(criterion.examples, question.salt),
        }
        quote = {"type": "string", "minLength": 1, "maxLength": _QUOTE_LENGTH}
        schema = closed_schema({"quote": quote, "verdict": {"enum": levels}})
    prompt = _prompt("question" if small else "verdict", criterion.task, criterion.name, language)
    return Request(
        stage=STAGE,
        subject=question.case.subject,
        prompt_version=prompt.version,
        messages=prompt.render(**values),
        answer_schema=schema,
        max_tokens=_ANSWER_TOKENS if small else _QUOTE_TOKENS,
    )


def answer_of(question: Question, verdict: str, quote: str, language: str, *, small: bool) -> str:
    """The right answer to `request_of` as JSON, as training data has it."""
    if small:
        return json.dumps({"answer": _answer(question.criterion, verdict, language)}, ensure_ascii=False)
    return json.dumps({"quote": quote[:_QUOTE_LENGTH], "verdict": verdict}, ensure_ascii=False)


def _two_examples(question: Question, language: str) -> list[dict[str, str]]:
    """One that passes and one that does not, in an order drawn by the case."""
    criterion = question.criterion
    passing = next(example for example in criterion.examples if example.verdict in criterion.passes)
    failing = next(example for example in criterion.examples if example.verdict not in criterion.passes)
    told = [{"shown": e.shown, "answer": _answer(criterion, e.verdict, language)} for e in (passing, failing)]
    return shuffled(told, question.salt)


def _answer(criterion: Criterion, verdict: str, language: str) -> str:
    return YES_NO[language][0 if verdict in criterion.passes else 1]


@lru_cache(maxsize=256)
def _prompt(name: str, task: Task, criterion: str, language: str) -> Prompt:
    """The prompt file under a version that changes with the texts of the criterion, too."""
    prompt = Prompt.load(PACKAGE, name, language)
    texts = next(known for known in criteria_of(task, language) if known.name == criterion).model_dump_json()
    digest = sha256(f"{prompt.version}\0{texts}".encode()).hexdigest()[:8]
    return replace(prompt, version=f"{prompt.version.partition('@')[0]}/{task}-{criterion}@{digest}")
