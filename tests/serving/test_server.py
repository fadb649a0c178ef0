"""The server as processes: it starts, follows releases without losing a request, and ends and recovers as it should."""

import os
import signal
import socket
import threading

import orjson
import pytest

from running_server import RunningServer, alive, until
from serving_shop import copied, published_again

pytestmark = pytest.mark.slow
LIST = "/v1/users/user000/recommendations?k=5"


@pytest.fixture
def shop(released_shop, tmp_path):
    return copied(released_shop, tmp_path / "shop", "poll_seconds = 0.05\nbody_seconds = 5.0\nmax_body_bytes = 5000")


class Traffic:
    """Clients that ask without a pause over connections that stay open: what they were answered."""

    def __init__(self, server: RunningServer, clients: int = 3) -> None:
        self.stop, self.releases, self.failures = threading.Event(), set(), []
        self.threads = [threading.Thread(target=self._ask, args=(server,)) for _ in range(clients)]

    def __enter__(self) -> "Traffic":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def _ask(self, server: RunningServer) -> None:
        connection = server.connection()
        while not self.stop.is_set():
            try:
                connection.request("GET", LIST)
                answer = connection.getresponse()
                body = orjson.loads(answer.read())
            except OSError as error:
                self.failures.append(repr(error))
                return
            if answer.status != 200 or len(body["items"]) != 5:
                self.failures.append(body)
            self.releases.add(body.get("release"))
        connection.close()


def test_a_release_is_taken_over_and_rolled_back_under_traffic_without_a_failed_request(shop):
    with RunningServer(shop.root, "--workers", "2") as server:
        with Traffic(server) as traffic:
            until(lambda: traffic.releases, "traffic")
            published_again(shop)
            until(lambda: "r0002" in traffic.releases, "the new release")
            shop.releases.rollback("r0001")
            until(lambda: server.ask("GET", LIST)[1]["release"] == "r0001", "the old release")
        assert not traffic.failures
        server.signal(signal.SIGTERM)
        assert server.process.wait(60) == 0


def test_a_request_that_is_under_way_is_finished_before_the_server_ends(shop):
    body = orjson.dumps({"wishes": ["tea towel"]})
    head = "POST /v1/wishes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    with RunningServer(shop.root) as server, socket.create_connection(("127.0.0.1", server.port), 60) as client:
        client.sendall(head.encode() + body[:5])
        # An answer to somebody else says that the worker has had the time to read the first half.
        assert server.status("/health") == 200
        server.signal(signal.SIGTERM)
        until(lambda: any("Stopping worker" in line for line in server.logs), "the stop")
        client.sendall(body[5:])
        answer = client.recv(100_000)
        assert answer.startswith(b"HTTP/1.1 200")
        assert server.process.wait(60) == 0
        assert server.status("/health") == 0


def test_a_worker_that_is_killed_is_replaced_and_loses_no_acknowledged_event(shop):
    with RunningServer(shop.root, "--workers", "2") as server:
        (first, second) = until(lambda: len(server.workers()) == 2 and server.workers(), "two workers")
        event = {"event_id": "e1", "user_id": "newcomer", "timestamp": "2025-01-01T00:00:00Z", "event": "purchase"}
        assert server.ask("POST", "/v1/events", {"events": [event | {"item_id": "tea-0-0"}]})[0] == 200
        os.kill(first, signal.SIGKILL)
        workers = until(lambda: first not in server.workers() and len(server.workers()) == 2, "a new worker")
        assert workers
        assert second in server.workers()
        answers = {server.ask("GET", "/v1/users/newcomer/recommendations")[1]["source"] for _ in range(10)}
        assert answers == {"live"}
        assert server.ask("POST", "/v1/events", {"events": [event | {"item_id": "tea-0-0"}]})[1]["duplicates"] == 1


def test_nothing_outlives_a_main_process_that_is_killed(shop):
    with RunningServer(shop.root, "--workers", "2") as server:
        children = until(lambda: len(server.children()) >= 3 and server.children(), "workers and keeper")
        server.signal(signal.SIGKILL)
        until(lambda: not any(map(alive, children)), "the end of all processes")


def test_slow_broken_and_oversized_requests_are_ended_and_others_are_answered(shop):
    with RunningServer(shop.root) as server:
        with socket.create_connection(("127.0.0.1", server.port), 60) as slow:
            slow.sendall(b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
            slow.sendall(b"Content-Length: 100\r\n\r\n{")
            assert server.status(LIST) == 200
            assert slow.recv(10_000).startswith(b"HTTP/1.1 408")
        with socket.create_connection(("127.0.0.1", server.port), 60) as large:
            large.sendall(b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
            large.sendall(
                b"Transfer-Encoding: chunked\r\n\r\n"
                + b"1000\r\n"
                + b" " * 4096
                + b"\r\n1000\r\n"
                + b" " * 4096
                + b"\r\n"
            )
            assert large.recv(10_000).startswith(b"HTTP/1.1 413")
        with socket.create_connection(("127.0.0.1", server.port), 60) as broken:
            broken.sendall(b"\x16\x03\x01\x02\x00nonsense\r\n\r\n")
            assert b" 400 " in broken.recv(10_000)
        with socket.create_connection(("127.0.0.1", server.port), 60) as gone:
            gone.sendall(b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
            gone.sendall(b"Content-Length: 100\r\n\r\n{")
        assert server.status(LIST) == 200
        for line in server.logs:
            assert "Traceback" not in line
            assert '"unexpected error"' not in line
