"""A worker follows releases: swaps at once, keeps what is in use, frees the rest, and survives what is damaged."""

import gc
import weakref
from datetime import UTC, datetime

import pytest

from intentrec.errors import NotFoundError, WorkspaceError
from intentrec.serving.bundle import bundle_of, export_bundle
from intentrec.serving.holder import Holder
from intentrec.serving.live import LiveEvent, LiveStore
from intentrec.serving.ranking import Ask
from intentrec.workspace import Workspace
from serving_shop import copied, published_again


@pytest.fixture
def shop(released_shop, tmp_path):
    return copied(released_shop, tmp_path / "shop")


@pytest.fixture
def holder(shop):
    holder = Holder.open(shop.root)
    yield holder
    holder.close()


def event(event_id: str, user: str, item: str) -> LiveEvent:
    return LiveEvent(
        event_id=event_id, user_id=user, timestamp=datetime(2025, 1, 1, tzinfo=UTC), event="purchase", item_id=item
    )


def test_it_serves_the_current_release(holder):
    assert holder.check().release == "r0001"
    assert holder.ranking.for_user("user000", Ask()).source == "stored"
    assert not holder.poll()


def test_a_new_release_is_served_once_its_bundle_is_there(shop, holder):
    old = holder.ranking
    published_again(shop)
    assert not holder.poll()
    export_bundle(shop)
    assert holder.poll()
    assert holder.ranking is not old
    assert holder.ranking.for_user("user000", Ask()).release == "r0002"
    assert not holder.poll()


def test_a_request_keeps_the_ranking_that_it_began_with_and_lets_go_of_it(shop, holder):
    in_use = holder.ranking
    bundle = weakref.ref(in_use.bundle)
    published_again(shop)
    export_bundle(shop)
    holder.poll()
    assert in_use.for_user("user000", Ask()).release == "r0001"
    del in_use
    gc.collect()
    assert bundle() is None


def test_a_rollback_is_followed_like_any_other_release(shop, holder):
    published_again(shop)
    export_bundle(shop)
    assert holder.poll()
    shop.releases.rollback("r0001")
    assert holder.poll()
    assert holder.check().release == "r0001"


def test_what_is_live_is_counted_beside_the_new_release_too(shop, holder):
    holder.store.add_events([event("e1", "newcomer", "tea-0-0")])
    assert holder.ranking.for_user("newcomer", Ask()).source == "live"
    published_again(shop)
    export_bundle(shop)
    holder.poll()
    assert holder.ranking.for_user("newcomer", Ask()).source == "live"


def test_a_bundle_that_cannot_be_opened_is_told_once_and_the_old_one_stays(shop, holder, caplog):
    manifest = published_again(shop)
    export_bundle(shop)
    meta = bundle_of(shop, manifest) / "meta.json"
    whole = meta.read_bytes()
    meta.write_bytes(b"{")
    assert [holder.poll() for _ in range(3)] == [False] * 3
    assert len(caplog.records) == 1
    assert holder.check().release == "r0001"
    meta.write_bytes(whole)
    assert holder.poll()


def test_a_pointer_that_is_damaged_leaves_what_is_served(shop, holder, caplog):
    (shop.root / "releases" / "current.json").write_text("{")
    assert not holder.poll()
    assert caplog.records
    assert holder.check().release == "r0001"


def test_other_releases_are_opened_to_compare_and_some_are_kept(shop, holder):
    for _ in range(6):
        published_again(shop)
    assert holder.opened("r0002") is None
    second = holder.release("r0002")
    assert second.for_user("user000", Ask()).release == "r0002"
    assert holder.opened("r0002") is second
    assert holder.release("r0001") is holder.ranking
    for name in ("r0003", "r0004", "r0005", "r0006"):
        holder.release(name)
    assert holder.opened("r0002") is None
    with pytest.raises(NotFoundError, match="r0099"):
        holder.release("r0099")


def test_a_swap_forgets_the_releases_that_were_compared(shop, holder):
    published_again(shop)
    holder.release("r0002")
    published_again(shop)
    export_bundle(shop)
    holder.poll()
    assert holder.opened("r0002") is None


def test_an_erased_user_is_erased_in_every_release(holder):
    holder.store.erase("user000")
    holder.check()
    assert holder.is_erased("user000")
    assert not holder.ranking.knows("user000")


def test_what_cannot_be_served_is_an_error_at_the_start(tmp_path, shop):
    with pytest.raises(NotFoundError, match="intentrec run"):
        Holder.open(Workspace.create(tmp_path / "empty", "").root)
    published_again(shop)
    with pytest.raises(WorkspaceError):
        Holder.open(shop.root)


def test_towers_that_were_needed_are_loaded_before_the_next_release_is_served(shop, holder):
    holder.store.add_events([event("e1", "user000", "tea-0-0")])
    holder.ranking.for_user("user000", Ask())
    assert holder.ranking.is_warm
    published_again(shop)
    export_bundle(shop)
    assert holder.poll()
    assert holder.ranking.is_warm


def test_towers_that_nobody_needed_are_not_loaded(shop, holder):
    published_again(shop)
    export_bundle(shop)
    assert holder.poll()
    assert not holder.ranking.is_warm


def test_a_worker_that_nobody_asks_hears_of_an_erasure(shop, holder):
    other = LiveStore.open(shop.root / "live")
    other.erase("user000")
    other.close()
    live = holder.live
    assert not holder.poll()
    assert live.is_erased("user000")
