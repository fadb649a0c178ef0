"""A server keeps its port for itself, and does not listen to the world without keys."""

import socket

import pytest

from intentrec.errors import ConfigError
from intentrec.serving.listening import listen


def test_a_free_port_is_found_and_kept():
    kept = listen("127.0.0.1", 0, keys=0)
    try:
        assert kept.port > 0
        assert kept.is_local
        assert kept.url == f"http://127.0.0.1:{kept.port}"
        with pytest.raises(ConfigError, match="Choose another with --port"):
            listen("127.0.0.1", kept.port, keys=0)
    finally:
        kept.reservation.close()


def test_workers_can_listen_on_the_kept_port_and_the_reservation_takes_no_connection():
    kept = listen("127.0.0.1", 0, keys=0)
    with kept.reservation, socket.socket() as worker:
        worker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        worker.bind(("127.0.0.1", kept.port))
        worker.listen(16)
        for _ in range(16):
            with socket.create_connection(("127.0.0.1", kept.port), timeout=5):
                worker.accept()[0].close()


def test_a_port_that_somebody_listens_on_is_refused():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ConfigError, match="Cannot listen"):
            listen("127.0.0.1", other.getsockname()[1], keys=0)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_the_world_is_answered_only_with_keys(host):
    with pytest.raises(ConfigError, match="intentrec keys add"):
        listen(host, 0, keys=0)
    kept = listen(host, 0, keys=1)
    kept.reservation.close()
    assert not kept.is_local
    assert kept.url == f"http://127.0.0.1:{kept.port}"


def test_localhost_and_ipv6_are_this_machine():
    for host in ("localhost", "::1"):
        kept = listen(host, 0, keys=0)
        kept.reservation.close()
        assert kept.is_local
    assert kept.url.startswith("http://[::1]:")


def test_a_name_that_is_nobody_is_a_setting_to_mend(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ConfigError, match=r"serving\.host"):
        listen("shop", 0, keys=1)
