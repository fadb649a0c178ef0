"""Where the server listens."""

import socket
from dataclasses import dataclass
from ipaddress import ip_address

from intentrec.errors import ConfigError


@dataclass(frozen=True)
class Listening:
    """An address that is kept for this server.

    Attributes:
        address: IP address.
        reservation: Bound beside the sockets of the workers and never listening: nobody else gets the port meanwhile.
    """

    address: str
    port: int
    reservation: socket.socket

    @property
    def url(self) -> str:
        """What to type into a browser on this machine."""
        host = ip_address(self.address)
        if host.is_unspecified:
            return f"http://127.0.0.1:{self.port}"
        return f"http://[{host}]:{self.port}" if host.version == 6 else f"http://{host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can ask."""
        return ip_address(self.address).is_loopback


def listen(host: str, port: int, *, keys: int) -> Listening:
    """Keep an address.

    Args:
        host: IP address or name of this machine.
        port: 0 for a free one.
        keys: How many API keys there are.

    Raises:
        ConfigError: Others could ask without a key, the name is unknown, or the port is taken.
    """
    address = _address(host)
    if not keys and not ip_address(address).is_loopback:
        raise ConfigError(
            f"{host} can be reached from other machines, and there are no keys. Make one: intentrec keys add NAME "
            "--scope read. Or listen on 127.0.0.1."
        )
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
    port = _free(family, address, port)
    reservation = socket.socket(family, socket.SOCK_STREAM)
    # As the workers' own sockets are: the kernel spreads connections over those that listen.
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reservation.bind((address, port))
    return Listening(address, port, reservation)


def _address(host: str) -> str:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigError(f"{host!r} is no address of this machine: {error}. Set serving.host, or --host.") from error
    return str(found[0][4][0])


def _free(family: socket.AddressFamily, address: str, port: int) -> int:
    """A port that nobody has: two servers that share one would each get half of the requests."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise ConfigError(
                f"Cannot listen on {address}, port {port}: {error.strerror}. Choose another with --port; 0 takes a "
                "free one."
            ) from error
        return int(probe.getsockname()[1])
