"""Judges cases: rules first, then the model for what no rule refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from intentrec.judge.asking import Heard, ask
from intentrec.judge.cases import Case
from intentrec.judge.checks import Finding, Standards, check, meanings_of
from intentrec.judge.criteria import criteria_of
from intentrec.judge.outcome import DecidedBy, Outcome, Ruling, grade_of
from intentrec.judge.questions import Question
from intentrec.llm.model import LanguageModel
from intentrec.progress import SILENT, Progress
from intentrec.text.embeddings import Embedder


@dataclass(frozen=True)
class Judge:
    """Who judges, and by what.

    Attributes:
        model: Asked where no rule found a fault; None leaves everything to the rules.
    """

    standards: Standards
    embedder: Embedder
    model: LanguageModel | None = None
    progress: Progress = SILENT

    @property
    def model_id(self) -> str:
        """The model's name; "none" for rules alone."""
        return "none" if self.model is None else self.model.model_id

    def judge(self, cases: Sequence[Case]) -> list[Outcome]:
        """One outcome for each case, in their order; equal cases are asked about once.

        Raises:
            LLMUnavailable: The model cannot be reached; answers that came before are in the ledger.
            BudgetExceeded: The cap of the run is reached; likewise.
        """
        faults = self.faults(cases)
        heard = self._heard(self.open_questions(cases, faults))
        return [self._outcome(case, found, heard) for case, found in zip(cases, faults, strict=True)]

    def faults(self, cases: Sequence[Case]) -> list[dict[str, Finding]]:
        """For each case the first fault that the rules find by each criterion."""
        meanings = meanings_of(cases, self.embedder)
        found = [check(case, self.standards, meanings) for case in cases]
        return [{finding.criterion: finding for finding in reversed(findings)} for findings in found]

    def open_questions(self, cases: Sequence[Case], faults: Sequence[Mapping[str, Finding]]) -> list[Question]:
        """What no rule has decided against."""
        language = self.standards.language
        return [
            Question(case, criterion)
            for case, found in zip(cases, faults, strict=True)
            for criterion in criteria_of(case.task, language)
            if criterion.name not in found
        ]

    def hear(self, questions: Sequence[Question]) -> list[Heard | None]:
        """What the model says, whatever the rules say."""
        assert self.model is not None
        shown_lines = self.standards.judge.shown_lines
        return ask(questions, self.model, self.standards.language, shown_lines, self.progress)

    def _heard(self, questions: Sequence[Question]) -> dict[str, Heard | None]:
        if self.model is None:
            return {}
        distinct = list({question.salt: question for question in questions}.values())
        return {question.salt: said for question, said in zip(distinct, self.hear(distinct), strict=True)}

    def _outcome(self, case: Case, found: Mapping[str, Finding], heard: Mapping[str, Heard | None]) -> Outcome:
        rulings = []
        for criterion in criteria_of(case.task, self.standards.language):
            fault, said = found.get(criterion.name), heard.get(Question(case, criterion).salt)
            if fault:
                rulings.append(Ruling(criterion, criterion.worst, "rule", fault.word, fault.quote))
            elif said:
                by: DecidedBy = "model" if said.is_quoted else "unquoted"
                rulings.append(Ruling(criterion, said.verdict, by, "", said.quote, said.prompt_version))
            elif self.model is None:
                rulings.append(Ruling(criterion, criterion.plain, "rule"))
        return Outcome(case, tuple(rulings), grade_of(rulings, self.standards.judge.superior_share))
