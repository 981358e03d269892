"""Guards of everything that goes out: no request to an address that an organization must not reach through us."""

import ipaddress
import socket
from urllib.parse import urlsplit

from django.conf import settings

MAX_REPLY_BYTES = 25 * 1024 * 1024
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class UnsafeUrlError(ValueError):
    """The address is not one that the outside world could offer."""


def check_public_url(url: str) -> None:
    """Raise :class:`UnsafeUrlError` unless the URL is http(s) and all its addresses are public (or the setting allows)."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UnsafeUrlError("only http and https addresses are allowed")
    if settings.ALLOW_PRIVATE_HOSTS:
        return
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UnsafeUrlError(f"the name {parts.hostname} is not known") from error
    for _family, _type, _proto, _name, address in found:
        if not is_public(ipaddress.ip_address(str(address[0]).split("%")[0])):
            raise UnsafeUrlError(f"{parts.hostname} is a private address")


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Tell whether an address is on the open internet, also when it hides inside an IPv6 form."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast
