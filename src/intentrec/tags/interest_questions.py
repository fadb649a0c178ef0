"""One short question an interest: what a model is shown, and the answer it may give."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from intentrec.llm.messages import Request
from intentrec.llm.prompts import Prompt
from intentrec.tags.answers import ChosenTags, choice_schema, choice_tokens, free_schema, free_tokens
from intentrec.tags.desk import Desk
from intentrec.tags.hints import Taking, chosen_phrases, followers, near_phrases
from intentrec.tags.selection import UserInterest
from intentrec.tags.writing import STAGE

Form = Literal["tuned", "writing", "choosing"]
_PROMPTS: dict[Form, str] = {"tuned": "tuned", "writing": "each", "choosing": "choose"}


@dataclass(frozen=True)
class Question:
    """One interest as a model sees it.

    Attributes:
        chosen: What shows the interest.
        best: What the rules would take for it, best first.
        ideas: What the model is shown to choose from, or to be inspired by, in the order it is shown.
    """

    user_id: str
    interest: UserInterest
    chosen: list[str]
    best: list[str]
    ideas: list[str]


class InterestQuestions:
    """The questions about interests in one form.

    Attributes:
        prompt: The file that the questions are rendered from.
    """

    def __init__(self, desk: Desk, form: Form) -> None:
        self.prompt = Prompt.load("intentrec.tags", _PROMPTS[form], desk.language)
        self._desk = desk
        self._chooses = form == "choosing"
        self._hints = "shortlist" if self._chooses or desk.config.hints == "auto" else desk.config.hints

    def of(self, user_id: str) -> list[Question]:
        """The user's interests; no phrase stands in two lists, and where there is no choice nothing is asked."""
        taking, hinting = Taking(self._desk, user_id), Taking(self._desk, user_id)
        questions = [self._question(user_id, interest, taking, hinting) for interest in self._desk.users[user_id]]
        return [q for q in questions if not self._chooses or len(q.ideas) > self._desk.config.chosen]

    def request(self, question: Question) -> Request:
        """The question in words; a model that chooses is bound to what it is shown."""
        n, ideas = self._desk.config.chosen, question.ideas
        return Request(
            stage=STAGE,
            subject=question.user_id,
            prompt_version=self.prompt.version,
            messages=self.prompt.render(
                month=self._desk.month,
                interest=question.interest.interest,
                chosen=question.chosen,
                phrases=ideas,
                n=n,
            ),
            answer_schema=choice_schema(ideas, n) if self._chooses else free_schema(n),
            max_tokens=choice_tokens(ideas, n) if self._chooses else free_tokens(n),
        )

    def by_rules(self, question: Question) -> ChosenTags | None:
        """What the rules would answer; None where they have fewer tags than are asked for."""
        n = self._desk.config.chosen
        return ChosenTags(tags=question.best[:n]) if len(question.best) >= n else None

    def _question(self, user_id: str, interest: UserInterest, taking: Taking, hinting: Taking) -> Question:
        desk, n = self._desk, self._desk.config.shortlist
        ideas = best = taking.take(near_phrases(desk, interest), n)
        if self._hints != "shortlist":
            ideas = hinting.take(followers(desk, interest), n) if self._hints == "followers" else []
        chosen = chosen_phrases(desk, interest)
        return Question(user_id, interest, chosen, best, _shuffled(ideas, interest.interest_id))


def _shuffled(phrases: Sequence[str], salt: str) -> list[str]:
    # The best phrase in a fixed place would let a model pass by always taking it.
    return sorted(phrases, key=lambda phrase: sha256(f"{salt}\0{phrase}".encode()).hexdigest())
