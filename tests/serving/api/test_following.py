"""A worker warms up, looks for newer releases, tells what failed."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

from intentrec.errors import WorkspaceError
from intentrec.serving.api.desk import Desk
from intentrec.serving.api.following import follow
from serving_fakes import FakeHolder


def test_it_polls_until_it_is_ended_and_errors_are_told_and_tried_again(tmp_path, caplog):
    holder = FakeHolder(tmp_path / "shop", {"poll_seconds": 0.001})
    polled, looked = [], []

    def poll():
        polled.append(1)
        raise RuntimeError("no")

    def warm():
        raise WorkspaceError("gone")

    holder.poll = poll
    holder.fake.warm = warm

    async def some_rounds():
        with ThreadPoolExecutor(1) as threads:
            desk = Desk(holder, threads, SimpleNamespace(), SimpleNamespace())
            task = asyncio.create_task(follow(desk, lambda: looked.append(1)))
            while len(polled) < 3:
                await asyncio.sleep(0.001)
            task.cancel()

    asyncio.run(some_rounds())
    assert len(looked) >= 3
    messages = [record.message for record in caplog.records]
    assert messages[0].startswith("warming up failed")
    assert messages[1].startswith("looking for a newer release failed")
    holder.store.close()
