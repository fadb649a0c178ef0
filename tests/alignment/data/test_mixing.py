"""Nobody is on both sides, and nothing stands twice."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from alignment_questions import AS_OF
from intentrec.alignment.data.config import AlignmentDataConfig
from intentrec.alignment.data.mixing import distinct, is_held_out, shuffled, split, with_general
from intentrec.alignment.samples import Sample
from intentrec.llm import Message

CONFIG = AlignmentDataConfig()


def sample(user: str | None, question: str = "q", answer: str = "a", item: str | None = None) -> Sample:
    chat = (Message(role="user", content=question),)
    return Sample("tags", "rules", "none", chat, answer, AS_OF, "p@1", user_id=user, item_id=item)


users = st.lists(st.tuples(st.text(min_size=1), st.integers(0, 5)), max_size=60)


@given(users, st.integers(0, 3))
def test_nobody_is_on_both_sides_and_no_question_either(pairs: list[tuple[str, int]], seed: int) -> None:
    config = AlignmentDataConfig(seed=seed, held_out=0.5)
    sides = split([sample(user, f"q{n}") for user, n in pairs], config)
    assert {s.user_id for s in sides.train}.isdisjoint({s.user_id for s in sides.held_out})
    assert {s.messages for s in sides.train}.isdisjoint({s.messages for s in sides.held_out})
    assert all(is_held_out(s.user_id or "", config) for s in sides.held_out)
    assert len(sides.held_out) == sum(is_held_out(user, config) for user, _ in pairs)


def test_about_the_share_is_held_out_and_other_seeds_hold_out_others() -> None:
    names = [f"user{n}" for n in range(2000)]
    held = {name for name in names if is_held_out(name, CONFIG)}
    other = {name for name in names if is_held_out(name, AlignmentDataConfig(seed=1))}
    assert 340 < len(held) < 460
    assert held != other


def test_samples_about_nobody_are_split_by_item_or_question() -> None:
    by_item = split([sample(None, f"q{n}", item=f"i{n % 20}") for n in range(200)], CONFIG)
    assert {s.item_id for s in by_item.train}.isdisjoint({s.item_id for s in by_item.held_out})
    by_question = split([sample(None, f"q{n % 20}", f"a{n}") for n in range(200)], CONFIG)
    assert {s.messages for s in by_question.train}.isdisjoint({s.messages for s in by_question.held_out})
    assert by_item.held_out
    assert by_question.held_out


def test_the_same_answer_to_the_same_question_counts_once_whoever_it_is_about() -> None:
    first, again, other = sample("u1"), sample("u2"), sample("u1", answer="b")
    assert distinct([first, again, other]) == [first, other]
    pair = replace(again, rejected="c")
    assert distinct([first, pair, other]) == [pair, other]
    assert distinct([pair, first]) == [pair]


def test_general_samples_are_the_share_of_all_as_far_as_there_are_any() -> None:
    own = [sample(f"u{n}") for n in range(90)]
    general = [replace(sample(None, f"g{n}"), task="general") for n in range(50)]
    mixed = with_general(own, general, CONFIG)
    assert (len(mixed), mixed[:90]) == (100, own)
    assert len(with_general(own, general[:3], CONFIG)) == 93
    assert with_general(own, general, AlignmentDataConfig(general_share=0)) == own
    assert with_general(own, general[::-1], CONFIG) == mixed


def test_the_order_depends_on_the_samples_alone() -> None:
    own = [sample(f"u{n}") for n in range(30)]
    assert shuffled(own, CONFIG) == shuffled(own[::-1], CONFIG) != own
    assert shuffled(own, CONFIG) != shuffled(own, AlignmentDataConfig(seed=1))
