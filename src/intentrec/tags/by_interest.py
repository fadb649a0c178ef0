"""The small-model path: one short request an interest, some phrases chosen from a shortlist."""

from collections.abc import Sequence
from hashlib import sha256

from intentrec.llm.messages import Request
from intentrec.llm.model import LanguageModel
from intentrec.llm.prompts import Prompt
from intentrec.progress import Progress
from intentrec.stages import Refusals
from intentrec.tags.answers import ChosenTags, choice_schema, choice_tokens
from intentrec.tags.selection import Tag, UserInterest, expanded, rule_reason, rule_tags
from intentrec.tags.writing import STAGE, Desk, Judge, failed

Question = tuple[str, UserInterest, list[str]]


def choose_tags(desk: Desk, model: LanguageModel, refusals: Refusals, progress: Progress) -> None:
    """Ask for tags of every interest of the desk; what passes is added to `UserInterest.written`."""
    prompt = Prompt.load("intentrec.tags", "choose", desk.language)
    questions = [question for user_id in sorted(desk.users) for question in questions_of(desk, user_id)]
    completions = model.complete([_request(desk, prompt, q) for q in questions], ChosenTags, progress)
    vectors = desk.vectors(tag for c in completions if c.value for tag in c.value.tags)
    judges = {user_id: Judge(desk, user_id, vectors, refusals) for user_id in desk.users}
    for (user_id, interest, _), completion in zip(questions, completions, strict=True):
        if completion.value is None:
            word = failed(completion.error)
            if word:
                refusals.refuse(user_id, word, completion.error or "", completion.model, prompt.version)
            continue
        for words in completion.value.tags:
            tag = Tag(words, _reason(desk, interest, words), -1, completion.model, prompt.version)
            judges[user_id].judge(tag, interest, words)


def questions_of(desk: Desk, user_id: str) -> list[Question]:
    """The user's interests with their shortlists; no phrase stands in two, and too short a list asks nothing."""
    banned = expanded(desk.recent.get(user_id, frozenset()), desk.book)
    questions: list[Question] = []
    for interest in desk.users[user_id]:
        shortlist: list[str] = []
        for tag in rule_tags(interest, desk.candidates, desk.book, desk.language):
            if tag.phrase not in banned and len(shortlist) < desk.config.shortlist:
                shortlist.append(tag.tag)
                banned |= desk.book.same[tag.phrase]
        if len(shortlist) > desk.config.chosen:
            questions.append((user_id, interest, _shuffled(shortlist, interest.interest_id)))
    return questions


def _request(desk: Desk, prompt: Prompt, question: Question) -> Request:
    user_id, interest, shortlist = question
    n = desk.config.chosen
    return Request(
        stage=STAGE,
        subject=user_id,
        prompt_version=prompt.version,
        messages=prompt.render(month=desk.month, interest=interest.interest, phrases=shortlist, n=n),
        answer_schema=choice_schema(shortlist, n),
        max_tokens=choice_tokens(shortlist, n),
    )


def _reason(desk: Desk, interest: UserInterest, words: str) -> str:
    own = rule_tags(interest, desk.candidates, desk.book, desk.language)
    known = {tag.tag: tag.reason for tag in own}
    return known.get(words, rule_reason(interest.interest, False, desk.language))


def _shuffled(phrases: Sequence[str], salt: str) -> list[str]:
    # The best phrase in a fixed place would let a model pass by always taking it.
    return sorted(phrases, key=lambda phrase: sha256(f"{salt}\0{phrase}".encode()).hexdigest())
