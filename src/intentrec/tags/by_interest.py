"""The path of small and of aligned models: one short request an interest, some phrases chosen or written."""

from intentrec.llm.messages import Completion
from intentrec.tags.answers import ChosenTags
from intentrec.tags.desk import Desk
from intentrec.tags.interest_questions import Form, InterestQuestions, Question
from intentrec.tags.selection import Tag, UserInterest, rule_reason, rule_tags
from intentrec.tags.writing import Proposed, Writer, settle


def tags_by_interest(desk: Desk, form: Form, writer: Writer) -> None:
    """Ask for tags of every interest of the desk; what passes is added to `UserInterest.written`."""
    asking = InterestQuestions(desk, form)
    questions = [question for user_id in sorted(desk.users) for question in asking.of(user_id)]
    requests = [asking.request(question) for question in questions]

    def read(n: int, completion: Completion[ChosenTags]) -> list[Proposed]:
        assert completion.value is not None
        tags = tags_of(desk, questions[n], completion.value, completion.model, asking.prompt.version)
        return [Proposed(tag, questions[n].interest, tag.tag) for tag in tags]

    answers = writer.answers(requests, ChosenTags, desk.config.best_of)
    settle(desk, [question.user_id for question in questions], answers, read, writer)


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
