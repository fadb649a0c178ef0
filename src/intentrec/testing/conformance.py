"""What every retriever promises, as tests to inherit."""

from abc import ABC, abstractmethod
from typing import ClassVar, Protocol, runtime_checkable

import polars as pl

from intentrec.errors import NotFittedError
from intentrec.retrieval.protocol import RECOMMENDED_SCHEMA, Retriever
from intentrec.testing.worlds import World, checkerboard

_STRANGER = "somebody-new"


@runtime_checkable
class ServesHistories(Protocol):
    """What a retriever may offer beside the protocol: the same learned numbers for other histories."""

    def with_histories(self, events: pl.DataFrame) -> Retriever:
        """One that serves users whose whole history is `events`, ids that training never saw included."""
        ...


class RetrieverConformance(ABC):
    """Inherit, say how to `build` your retriever, and run pytest.

    Attributes:
        world: What it learns from.
        least_right: Share of users whose planted item must come first; 0 for systems that are not personal.
        tolerance: Most by which the score of a user may differ between asking alone and with others, relative.
    """

    world: ClassVar[World] = checkerboard()
    least_right: ClassVar[float] = 1.0
    tolerance: ClassVar[float] = 1e-5
    _learned: ClassVar[Retriever]

    @abstractmethod
    def build(self) -> Retriever:
        """A new retriever that has not learned anything."""

    def fitted(self) -> Retriever:
        """One that has learned the world; trained once for a class."""
        kind = type(self)
        if "_learned" not in vars(kind):
            kind._learned = self.build().fit(self.world.events, self.world.items)
        return kind._learned

    def test_it_is_a_retriever_with_a_name(self) -> None:
        """The protocol's methods are there and the name is not empty."""
        retriever = self.build()
        assert isinstance(retriever, Retriever), "it lacks name, fit or recommend"
        assert retriever.name, "its name is empty"

    def test_fit_returns_the_retriever(self) -> None:
        """So that build().fit(...).recommend(...) reads in one line."""
        retriever = self.build()
        assert retriever.fit(self.world.events, self.world.items) is retriever

    def test_recommend_before_fit_is_an_error(self) -> None:
        """`NotFittedError`, not an empty list."""
        try:
            self.build().recommend(self.world.users[:1], 3)
        except NotFittedError:
            return
        raise AssertionError("recommend before fit must raise intentrec.errors.NotFittedError")

    def test_rows_have_the_columns_of_the_protocol(self) -> None:
        """The four columns come first, with their types, also where there are no rows."""
        for users in (self.world.users, []):
            rows = self.fitted().recommend(users, 3)
            found = dict(list(rows.schema.items())[: len(RECOMMENDED_SCHEMA)])
            assert found == RECOMMENDED_SCHEMA, f"columns are {rows.schema}, must begin with {RECOMMENDED_SCHEMA}"
            assert users or rows.is_empty(), "rows for nobody"

    def test_users_come_back_in_the_order_asked(self) -> None:
        """Not sorted, and each user's rows together."""
        users = self.world.users[::-1]
        rows = self.fitted().recommend(users, 3)
        runs = rows["user_id"].rle().struct.field("value").to_list()
        assert runs == [user for user in users if user in set(runs)], f"users came back as {runs}"

    def test_ranks_count_from_one_without_gaps_up_to_k(self) -> None:
        """For k below, at and far beyond the number of items."""
        for k in (1, 3, 10 * len(self.world.items)):
            rows = self.fitted().recommend(self.world.users, k, filter_viewed=False)
            assert not rows.is_empty(), "nobody got anything"
            for ranks in _by_user(rows, "rank"):
                assert ranks == list(range(1, len(ranks) + 1)), f"ranks {ranks}"
                assert len(ranks) <= k, f"{len(ranks)} rows for k = {k}"

    def test_no_item_comes_twice(self) -> None:
        """Within one list."""
        rows = self.fitted().recommend(self.world.users, len(self.world.items), filter_viewed=False)
        assert rows.select("user_id", "item_id").is_unique().all(), "an item came twice for a user"

    def test_order_is_score_descending_then_item_id(self) -> None:
        """So that reruns and devices agree on ties."""
        rows = self.fitted().recommend(self.world.users, len(self.world.items), filter_viewed=False)
        assert rows["score"].is_finite().all(), "a score is missing or not finite: such an item has no row"
        for part in rows.partition_by("user_id", maintain_order=True):
            keys = list(zip((-part["score"]).to_list(), part["item_id"], strict=True))
            assert keys == sorted(keys), f"not ordered: {keys}"

    def test_a_longer_list_begins_with_the_shorter_one(self) -> None:
        """Length cuts a list and does not choose it, with the filter and without."""
        for filter_viewed in (True, False):
            long = self.fitted().recommend(self.world.users, 8, filter_viewed=filter_viewed)
            for k in (1, 3):
                short = self.fitted().recommend(self.world.users, k, filter_viewed=filter_viewed)
                begin = long.filter(pl.col("rank") <= k)
                assert begin["item_id"].to_list() == short["item_id"].to_list(), f"k = {k} is no beginning of k = 8"

    def test_seen_items_are_left_out_only_when_asked(self) -> None:
        """`filter_viewed` goes by any event of the user with the item."""
        n_items = len(self.world.items)
        for user in self.world.users:
            rows = self.fitted().recommend([user], n_items)
            again = self.world.seen(user) & set(rows["item_id"])
            assert not again, f"{user} has seen {again}"
        unfiltered = self.fitted().recommend(self.world.users, n_items, filter_viewed=False)
        seen = self.world.events.select("user_id", "item_id")
        assert len(unfiltered.join(seen, on=["user_id", "item_id"])), "filter_viewed=False still leaves out seen items"

    def test_what_is_left_out_makes_room_for_the_next(self) -> None:
        """Filters choose among the items; they do not cut a finished list."""
        user = self.world.users[0]
        full = self.fitted().recommend([user], len(self.world.items), filter_viewed=False)["item_id"].to_list()
        seen, allowed = self.world.seen(user), full[1::2]
        unseen = [item for item in full if item not in seen]
        assert self.fitted().recommend([user], 4)["item_id"].to_list() == unseen[:4], "seen items leave gaps"
        rows = self.fitted().recommend([user], 4, filter_viewed=False, items=allowed)
        assert rows["item_id"].to_list() == allowed[:4], "items that are not allowed leave gaps"
        both = self.fitted().recommend([user], 4, items=allowed)["item_id"].to_list()
        assert both == [item for item in allowed if item not in seen][:4], "the two filters do not hold together"

    def test_only_allowed_items_are_returned(self) -> None:
        """Unknown ids among them are ignored; none allowed gives no rows."""
        allowed = self.world.items["item_id"].to_list()[::3]
        rows = self.fitted().recommend(self.world.users, 5, filter_viewed=False, items=[*allowed, "no-such-item"])
        assert not rows.is_empty(), "nothing came back although items were allowed"
        assert set(rows["item_id"]) <= set(allowed), "an item that was not allowed came back"
        assert self.fitted().recommend(self.world.users, 5, items=[]).is_empty(), "items=[] must allow nothing"

    def test_a_stranger_is_no_error_and_changes_nothing_for_others(self) -> None:
        """A user without events has a list or no rows; null and invented items are neither."""
        user = self.world.users[0]
        rows = self.fitted().recommend([_STRANGER, user], 3)
        alone = self.fitted().recommend([user], 3)
        assert rows.filter(pl.col("user_id") == user)["item_id"].to_list() == alone["item_id"].to_list()
        assert set(rows["item_id"]) <= set(self.world.items["item_id"]), "an item that does not exist came back"

    def test_one_at_a_time_equals_all_at_once(self) -> None:
        """Blocks and batches leave no trace."""
        together = self.fitted().recommend(self.world.users, 5)
        alone = pl.concat([self.fitted().recommend([user], 5) for user in self.world.users])
        assert alone["item_id"].to_list() == together["item_id"].to_list()
        apart = (alone["score"] - together["score"]).abs()
        assert (apart <= self.tolerance * together["score"].abs().clip(1e-9)).all(), "scores differ"

    def test_asking_again_gives_the_same(self) -> None:
        """Asking changes nothing."""
        first = self.fitted().recommend(self.world.users, 5)
        self.fitted().recommend(self.world.users[:2], 1, filter_viewed=False)
        assert self.fitted().recommend(self.world.users, 5).equals(first), "the same question got another answer"

    def test_the_log_is_left_as_it_was(self) -> None:
        """`fit` does not change the tables that it is given."""
        events, items = self.world.events.clone(), self.world.items.clone()
        self.build().fit(events, items)
        assert events.equals(self.world.events), "fit changed the events"
        assert items.equals(self.world.items), "fit changed the items"

    def test_only_strangers_are_no_error(self) -> None:
        """The columns are there whether or not a stranger is served."""
        rows = self.fitted().recommend([_STRANGER], 3)
        assert rows.columns[: len(RECOMMENDED_SCHEMA)] == list(RECOMMENDED_SCHEMA), f"columns are {rows.columns}"
        assert set(rows["user_id"]) <= {_STRANGER}, "rows for somebody who was not asked for"

    def test_histories_of_new_users_are_served_like_those_it_learned(self) -> None:
        """`with_histories`, where there is one: a copied history under a new id gets the same list."""
        retriever = self.fitted()
        if not isinstance(retriever, ServesHistories):
            return
        user = self.world.users[0]
        before = retriever.recommend(self.world.users, 5)
        mine = self.world.events.filter(pl.col("user_id") == user)
        renamed = mine.with_columns(user_id=pl.lit(_STRANGER))
        served = retriever.with_histories(pl.concat([mine, renamed]))
        rows = served.recommend([user, _STRANGER], 5)
        lists = _by_user(rows, "item_id")
        assert len(lists) == 2, "a user of the new histories got no list"
        assert lists[0] == lists[1], "equal histories got different lists"
        assert not set(rows["item_id"]) & self.world.seen(user), "the filter does not look at the new histories"
        assert retriever.recommend(self.world.users, 5).equals(before), "with_histories changed the retriever"

    def test_histories_replace_what_training_knew_of_a_user(self) -> None:
        """`with_histories`, where there is one: what is not in the new history has not been seen."""
        retriever = self.fitted()
        if not isinstance(retriever, ServesHistories):
            return
        user = self.world.users[0]
        mine = self.world.events.filter(pl.col("user_id") == user)
        rows = retriever.with_histories(mine.head(2)).recommend([user], len(self.world.items))
        first = set(mine.head(2)["item_id"])
        assert not first & set(rows["item_id"]), "an item of the new history came back"
        assert self.world.seen(user) - first <= set(rows["item_id"]), "an item that the new history lacks is left out"

    def test_learning_again_gives_the_same(self) -> None:
        """Same inputs, same rows."""
        again = self.build().fit(self.world.events, self.world.items).recommend(self.world.users, 5)
        assert again.equals(self.fitted().recommend(self.world.users, 5)), "two trainings on the same data differ"

    def test_the_planted_item_comes_first(self) -> None:
        """The one unseen item that everybody like the user touched."""
        rows = self.fitted().recommend(self.world.users, 1)
        found = dict(zip(rows["user_id"], rows["item_id"], strict=True))
        right = sum(found.get(user) == item for user, item in self.world.answers.items()) / len(self.world.answers)
        assert right >= self.least_right, f"only {right:.0%} of users have their planted item first"


def _by_user(rows: pl.DataFrame, column: str) -> list[list[object]]:
    """The column's values of each user, in the order of the rows."""
    return [part[column].to_list() for part in rows.partition_by("user_id", maintain_order=True)]
