"""Hosts that share nothing but a Redis stream know at once what came in at any of them.

Every row that was accepted here has a number. The stream is fed in the order of numbers, and Redis itself holds the
last one, written in one transaction with the rows: whatever Redis loses, it loses both, and is fed again. Rows of other
hosts are kept in this store, marked as foreign, in one transaction with the place in the stream: a row is never taken
twice, and an event that came in at two hosts is known by its id. So Redis may go away at any time, with its data or
without: the server goes on with what comes in here, and both directions go on where they stood when it is back.

An erasure travels as an entry of its own, with the id. Each host erases; each then removes the user's rows from the
stream, and the host that took the wish removes the entry when every host has read it. A host that has not been heard of
for `serving.live_days` is not waited for.
"""

import logging
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from intentrec.config import Config
from intentrec.errors import IntentrecError
from intentrec.extras import require
from intentrec.serving.live.encoding import micros
from intentrec.serving.live.store import LiveStore
from intentrec.serving.live.stream import Fields, outgoing, take
from intentrec.serving.live.writer import Batch

_PAUSE = 1.0  # seconds before Redis is tried again
_LOOK = 0.05  # seconds between two looks for new rows of this host
_BLOCK = 1000  # milliseconds that Redis may hold a question for new rows
_TIMEOUT = 5.0
_SCANNED = 1000
_OUT, _IN = "publish", "receive"
logger = logging.getLogger(__name__)


class RedisShare:
    """Publishes what this host accepts and takes what others did, in two threads of the keeper.

    Args:
        tell: Told whether Redis answers, whenever that changes.
    """

    def __init__(self, store: LiveStore, config: Config, tell: Callable[[bool], None] = lambda up: None) -> None:
        redis: Any = require("redis", "sharing live rows with other hosts")
        serving = config.serving
        self._store, self._stream, self._length = store, serving.redis_stream, serving.redis_length
        self._drains = serving.redis_drain
        self._silent = timedelta(days=serving.live_days)
        self._tell = tell
        self._faults = (redis.exceptions.RedisError, OSError)
        options = {"socket_timeout": _TIMEOUT, "socket_connect_timeout": _TIMEOUT, "retry": None, "protocol": 2}
        self._out, self._in = (redis.Redis.from_url(serving.redis_url, **options) for _ in range(2))
        self.host = str(store.fact("host") or self._named())
        self._position = f"{self._stream}:published:{self.host}"
        self._publishing = threading.Lock()
        self._saying = threading.Lock()
        self._up: bool | None = None
        self._failing: set[str] = set()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def _named(self) -> str:
        name = secrets.token_hex(8)
        self._store.write(lambda batch: batch.keep("host", name))
        return name

    def start(self) -> None:
        """Publish and take from now on."""
        for way, work in ((_OUT, self._publish_new), (_IN, lambda: self.receive(_BLOCK))):
            thread = threading.Thread(target=self._loop, args=(way, work), name=f"redis-{way}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End both threads and the connections."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for client in (self._out, self._in):
            with suppress(*self._faults):
                client.close()

    def _loop(self, way: str, work: Callable[[], object]) -> None:
        while not self._stop.is_set():
            try:
                work()
            except self._faults as fault:
                self._fails(way, fault)
                self._stop.wait(_PAUSE)
            except IntentrecError as error:
                logger.error("live rows are not shared for now", exc_info=error)
                self._stop.wait(_PAUSE)

    def _fails(self, way: str, fault: Exception) -> None:
        with self._saying:
            self._failing.add(way)
            if self._up is False:
                return
            self._up = False
        self._tell(False)
        # Its words may hold the command, and with it what came in about a user.
        kind = type(fault).__name__
        logger.warning("Redis does not answer (%s); the server goes on with what comes in here.", kind)

    def _works(self, way: str) -> None:
        """It answers when both ways work."""
        with self._saying:
            self._failing.discard(way)
            if self._up or self._failing:
                return
            self._up = True
        self._tell(True)
        logger.info("Redis answers; what came in meanwhile is shared.")

    def _publish_new(self) -> None:
        if not self.publish():
            self._stop.wait(_LOOK)

    def publish(self) -> int:
        """Hand the next rows to Redis; how many."""
        with self._publishing, self._out.pipeline() as pipe:
            pipe.watch(self._position)
            after = self._behind(pipe.get(self._position))
            rows = outgoing(self._store, self.host, after, tables=self._drains == "none")
            if rows:
                pipe.multi()
                for row in rows:
                    pipe.xadd(self._stream, row.fields, maxlen=self._length, approximate=True)
                pipe.set(self._position, rows[-1].n)
                pipe.execute()
                self._store.write(lambda batch: batch.keep("published", rows[-1].n))
        self._works(_OUT)
        return len(rows)

    def _behind(self, known: bytes | None) -> int:
        """The number after which rows are missing in Redis: of all that is kept, only as many as the stream holds."""
        if known is not None:
            return int(known)
        kept = "SELECT n FROM events WHERE foreign_ = 0 ORDER BY n DESC LIMIT 1 OFFSET ?"
        older = self._store.read(kept, (self._length,))
        return int(older[0][0]) if older else 0

    def receive(self, block: int | None = None) -> int:
        """Take the next rows of other hosts; how many entries were read.

        Args:
            block: Milliseconds to wait for one; None does not wait.
        """
        position = str(self._store.fact("received", "0-0"))
        found = self._in.xread({self._stream: position}, count=_SCANNED, block=block)
        entries = found[0][1] if found else []
        if not entries and self._is_older(position):
            position = "0-0"
            self._store.write(lambda batch: batch.keep("received", position))
        if entries:
            position = entries[-1][0].decode()
            foreign = [fields for _, fields in entries if fields and fields[b"h"].decode() != self.host]
            self._store.write(lambda batch: self._take(batch, foreign, position))
        self._in.hset(f"{self._stream}:hosts", self.host, f"{position} {micros(self._store.clock())}")
        self._works(_IN)
        return len(entries)

    def _is_older(self, position: str) -> bool:
        """Whether the stream ends before a place that was read once: Redis has lost its data."""
        if position == "0-0" or not self._in.exists(self._stream):
            return position != "0-0"
        last = self._in.xinfo_stream(self._stream)["last-generated-id"].decode()
        return _place(last) < _place(position)

    def _take(self, batch: Batch, foreign: list[Fields], position: str) -> None:
        for fields in foreign:
            take(batch, fields, tables=self._drains == "all")
        batch.keep("received", position)

    def forget(self, user_id: str) -> bool:
        """Remove a user's rows from the stream; False while Redis or another host does not answer."""
        try:
            while self.publish():
                pass
            with self._publishing:
                return self._forget(user_id.encode("utf-8"))
        except self._faults as fault:
            self._fails(_OUT, fault)
            return False

    def _forget(self, user_id: bytes) -> bool:
        rows, wishes = [], []
        place = "-"
        while entries := self._out.xrange(self._stream, min=place, count=_SCANNED):
            about = [(entry, fields) for entry, fields in entries if fields.get(b"u") == user_id]
            rows += [entry for entry, fields in about if fields[b"k"] != b"erase"]
            wishes += [e for e, fields in about if fields[b"k"] == b"erase" and fields[b"h"].decode() == self.host]
            place = f"({entries[-1][0].decode()}"
        read = [entry for entry in wishes if self._all_have_read(entry.decode())]
        if gone := rows + read:
            self._out.xdel(self._stream, *gone)
        return len(read) == len(wishes)

    def _all_have_read(self, entry: str) -> bool:
        long_ago = micros(self._store.clock() - self._silent)
        for host, said in self._out.hgetall(f"{self._stream}:hosts").items():
            position, at = said.decode().split()
            if int(at) < long_ago:
                self._out.hdel(f"{self._stream}:hosts", host)
            elif _place(position) < _place(entry):
                return False
        return True


def _place(entry: str) -> tuple[int, int]:
    """The id of an entry as numbers: milliseconds and a counter."""
    milliseconds, _, counter = entry.partition("-")
    return int(milliseconds), int(counter or 0)
