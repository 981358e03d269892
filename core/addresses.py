"""Which network addresses the product may reach on behalf of an organization.

The lists are written out (IANA special-purpose registries, read in 2026) because ``ipaddress.is_private`` and
``is_global`` miss several of them and change between Python versions.
"""

import errno
import ipaddress
import socket
from enum import StrEnum
from typing import Any

from django.conf import settings

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
SocketAddress = tuple[str, int]

# Never reached: this host by its wildcard, link-local (metadata services of clouds), multicast, reserved.
_FORBIDDEN = [
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "100.100.100.200/32", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4",
        "::/128", "fd00:ec2::/32", "fe80::/10", "ff00::/8",
    )
]  # fmt: skip
# One's own machine and networks: where an installation's own gateways may stand.
_PRIVATE = [
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
        "::1/128", "fc00::/7", "fec0::/10",
    )
]  # fmt: skip
# Documentation, benchmarks, protocol assignments, relays and tunnels: nobody's gateway.
_SPECIAL = [
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20",
    )
]  # fmt: skip
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
# Prefixes of 96 bits whose last 32 are an IPv4 address: compatible, mapped, translated, NAT64.
_CARRIERS = [ipaddress.IPv6Network(text) for text in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")]


class Reach(StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"
    FORBIDDEN = "forbidden"


class ForbiddenAddressError(OSError):
    """The address is not one that the outside world could offer; as an OSError it reads as a failed connection."""

    def __init__(self, host: str) -> None:
        super().__init__(errno.EACCES, f"{host} is not a public address")
        self.host = host


def reach_of(address: IPAddress) -> Reach:
    """Say how far an address lies, also when an IPv4 address hides inside an IPv6 form."""
    inner = _carried(address) if isinstance(address, ipaddress.IPv6Address) else None
    if inner is not None:
        return reach_of(inner)
    if any(address in network for network in _FORBIDDEN):
        return Reach.FORBIDDEN
    if any(address in network for network in _PRIVATE):
        return Reach.PRIVATE
    if any(address in network for network in _SPECIAL):
        return Reach.FORBIDDEN
    return Reach.FORBIDDEN if address.version == 6 and address not in _GLOBAL_UNICAST else Reach.PUBLIC


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if any(address in carrier for carrier in _CARRIERS) and int(address) > 1:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.sixtofour is not None:
        return address.sixtofour
    # ISATAP: the interface id 0:5efe or 200:5efe followed by the IPv4 address.
    if (int(address) >> 32) & 0xFFFF_FFFF in (0x5EFE, 0x0200_5EFE):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def is_public_address(address: IPAddress | str) -> bool:
    """Tell whether an address is on the open internet."""
    parsed = ipaddress.ip_address(address.split("%")[0]) if isinstance(address, str) else address
    return reach_of(parsed) is Reach.PUBLIC


def may_reach(address: IPAddress | str, *, allow_private: bool | None = None) -> bool:
    """Tell whether a connection may be opened; ``None`` follows ``settings.ALLOW_PRIVATE_HOSTS``."""
    parsed = ipaddress.ip_address(address.split("%")[0]) if isinstance(address, str) else address
    reach = reach_of(parsed)
    if reach is Reach.PRIVATE:
        return settings.ALLOW_PRIVATE_HOSTS if allow_private is None else allow_private
    return reach is Reach.PUBLIC


def resolve(host: str, port: int, *, allow_private: bool | None = None) -> list[SocketAddress]:
    """Return the addresses of a name; raise :class:`ForbiddenAddressError` if one of them may not be reached.

    The caller connects to what is returned and never looks the name up again: that is what defeats DNS rebinding.
    Raises :class:`socket.gaierror` for an unknown name.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from error
    addresses = list(dict.fromkeys((str(entry[4][0]), port) for entry in found))
    for address, _port in addresses:
        if not may_reach(address, allow_private=allow_private):
            raise ForbiddenAddressError(host)
    return addresses


def guarded_socket(address_info: tuple[Any, ...]) -> socket.socket:
    """Open the socket for a resolved address that may be reached: for ``aiohttp.TCPConnector(socket_factory=…)``."""
    family, kind, protocol, _name, address = address_info
    if not may_reach(str(address[0])):
        raise ForbiddenAddressError(str(address[0]))
    return socket.socket(family=family, type=kind, proto=protocol)
