"""The path of small and of aligned models: one short request an interest, some phrases chosen or written."""

from intentrec.llm.model import LanguageModel
from intentrec.progress import Progress
from intentrec.stages import Refusals
from intentrec.tags.answers import ChosenTags
from intentrec.tags.desk import Desk
from intentrec.tags.interest_questions import Form, InterestQuestions, Question
from intentrec.tags.selection import Tag, UserInterest, rule_reason, rule_tags
from intentrec.tags.writing import Judge, failed


def tags_by_interest(desk: Desk, form: Form, model: LanguageModel, refusals: Refusals, progress: Progress) -> None:
    """Ask for tags of every interest of the desk; what passes is added to `UserInterest.written`."""
    asking = InterestQuestions(desk, form)
    questions = [question for user_id in sorted(desk.users) for question in asking.of(user_id)]
    completions = model.complete([asking.request(q) for q in questions], ChosenTags, progress)
    vectors = desk.vectors(tag.strip() for c in completions if c.value for tag in c.value.tags)
    judges = {user_id: Judge(desk, user_id, vectors, refusals) for user_id in desk.users}
    for question, completion in zip(questions, completions, strict=True):
        if completion.value is None:
            word = failed(completion.error)
            if word:
                said = completion.error or ""
                refusals.refuse(question.user_id, word, said, completion.model, asking.prompt.version)
            continue
        for tag in tags_of(desk, question, completion.value, completion.model, asking.prompt.version):
            judges[question.user_id].judge(tag, question.interest, tag.tag)


def tags_of(desk: Desk, question: Question, answer: ChosenTags, model: str, prompt_version: str) -> list[Tag]:
    """An answer as tags, each with the reason that rules have for it, whatever the gate would say."""
    interest = question.interest
    return [
        Tag(words.strip(), _reason(desk, interest, words.strip()), -1, model, prompt_version) for words in answer.tags
    ]


def _reason(desk: Desk, interest: UserInterest, words: str) -> str:
    own = rule_tags(interest, desk.candidates, desk.book, desk.language)
    known = {tag.tag: tag.reason for tag in own}
    return known.get(words, rule_reason(interest.interest, False, desk.language))
