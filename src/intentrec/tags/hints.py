"""What a model is shown beside an interest: what shows it, and phrases of the shop that may serve it."""

from collections.abc import Iterable, Iterator

import numpy as np

from intentrec.tags.desk import Desk
from intentrec.tags.selection import UserInterest, expanded, rule_tags

_CHOSEN_SHOWN = 3


def chosen_phrases(desk: Desk, interest: UserInterest) -> list[str]:
    """What most of the interest's evidence is about, up to three phrases, commonest first."""
    share = desk.candidates.evidence[[interest.row]].toarray().ravel()
    order = np.lexsort((np.arange(len(share)), -np.round(share, 9)))[:_CHOSEN_SHOWN]
    return [desk.book.phrases[phrase] for phrase in order.tolist() if share[phrase] > 0]


def near_phrases(desk: Desk, interest: UserInterest) -> Iterator[int]:
    """Phrases that the rules would take for the interest, best first: near in text or following."""
    return (tag.phrase for tag in rule_tags(interest, desk.candidates, desk.book, desk.language))


def followers(desk: Desk, interest: UserInterest) -> Iterator[int]:
    """Phrases that may be tags and that others moved on to from what shows the interest, likeliest first."""
    score = np.round((desk.candidates.evidence[[interest.row]] @ desk.follow).toarray().ravel(), 9)
    score[~desk.book.eligible] = 0.0
    order = np.lexsort((np.arange(len(score)), -score))
    return (phrase for phrase in order.tolist() if score[phrase] > 0)


class Taking:
    """Takes phrases for the interests of one user in turn: nothing touched lately, nothing twice."""

    def __init__(self, desk: Desk, user_id: str) -> None:
        self._desk = desk
        self._banned = expanded(desk.recent.get(user_id, frozenset()), desk.book)

    def take(self, phrases: Iterable[int], n: int) -> list[str]:
        """The first `n` that are still free, in words."""
        taken: list[int] = []
        for phrase in phrases:
            if len(taken) == n:
                break
            if phrase not in self._banned:
                taken.append(phrase)
                self._banned |= self._desk.book.same[phrase]
        return [self._desk.book.phrases[phrase] for phrase in taken]
