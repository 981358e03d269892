import asyncio
import ipaddress
import socket

import aiohttp
import pytest
from django.test.utils import override_settings
from hypothesis import given
from hypothesis import strategies as st

from core.addresses import ForbiddenAddressError, Reach, guarded_socket, is_public_address, may_reach, reach_of, resolve
from tests.core.corpus import load
from tests.core.servers import answer, serving

PUBLIC = [
    "8.8.8.8", "1.1.1.1", "200.147.3.157", "172.15.0.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "192.167.1.1",
    "223.255.255.255", "2800:3f0:4001::1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
]  # fmt: skip
PRIVATE = ["127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "::1", "fd12::1", "::ffff:127.0.0.1"]
NEVER = ["169.254.169.254", "100.100.100.200", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "fe80::1", "ff02::1",
         "fd00:ec2::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2001:db8::1", "192.0.2.1"]  # fmt: skip


@pytest.mark.parametrize("address", load("ssrf_addresses.json"))
def test_no_inner_address_is_public(address: str) -> None:
    assert not is_public_address(address)
    assert not may_reach(address, allow_private=False)


def test_the_corpus_is_as_long_as_the_threat_list_asks() -> None:
    assert len(set(load("ssrf_addresses.json"))) >= 30
    assert len(set(load("ssrf_urls.json"))) >= 22


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reached(address: str) -> None:
    assert is_public_address(address)
    assert may_reach(address, allow_private=False)


@pytest.mark.parametrize("address", PRIVATE)
def test_ones_own_networks_are_reached_where_the_setting_says_so(address: str) -> None:
    assert reach_of(ipaddress.ip_address(address)) is Reach.PRIVATE
    assert may_reach(address, allow_private=True)
    with override_settings(ALLOW_PRIVATE_HOSTS=True):
        assert may_reach(address)
    with override_settings(ALLOW_PRIVATE_HOSTS=False):
        assert not may_reach(address)


@pytest.mark.parametrize("address", NEVER)
def test_metadata_and_multicast_are_never_reached(address: str) -> None:
    assert not may_reach(address, allow_private=True)


@given(st.ip_addresses(v=4))
def test_an_address_is_as_public_inside_ipv6_as_outside(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    if number > 1:
        inside = [(0xFFFF << 32) | number, (0x64FF9B << 96) | number, (0x2002 << 112) | (number << 80)]
        assert {is_public_address(ipaddress.IPv6Address(carrier)) for carrier in inside} == {is_public_address(address)}


@given(st.ip_addresses())
def test_nothing_is_public_that_python_calls_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if is_public_address(address):
        assert not address.is_private or (address.version == 6 and address.sixtofour)  # type: ignore[union-attr]
        assert not address.is_multicast


def test_a_name_with_one_inner_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(*args: object, **kwargs: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", ("8.8.8.8", 80)), (2, 1, 6, "", ("10.0.0.1", 80))]

    monkeypatch.setattr("core.addresses.socket.getaddrinfo", found)
    with pytest.raises(ForbiddenAddressError):
        resolve("mixed.example", 80, allow_private=False)
    assert resolve("mixed.example", 80, allow_private=True) == [("8.8.8.8", 80), ("10.0.0.1", 80)]


def test_an_unknown_or_impossible_name_is_a_look_up_error() -> None:
    for name in ("a" * 300, "x..y", "\ud800"):
        with pytest.raises(socket.gaierror):
            resolve(name, 80, allow_private=True)


def test_the_guarded_socket_opens_only_what_may_be_reached() -> None:
    with override_settings(ALLOW_PRIVATE_HOSTS=False):
        guarded_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 443))).close()
        for address in (("127.0.0.1", 80), ("169.254.169.254", 80)):
            with pytest.raises(ForbiddenAddressError):
                guarded_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", address))


async def _fetch(url: str) -> int:
    connector = aiohttp.TCPConnector(socket_factory=guarded_socket)
    async with aiohttp.ClientSession(connector=connector) as session, session.get(url) as response:
        return response.status


def test_an_event_loop_is_guarded_for_names_and_for_literal_addresses() -> None:
    with serving(answer()) as server:
        with override_settings(ALLOW_PRIVATE_HOSTS=True):
            assert asyncio.run(_fetch(server.url)) == 200
        for host in ("127.0.0.1", "localhost", "2130706433"):
            with override_settings(ALLOW_PRIVATE_HOSTS=False), pytest.raises(aiohttp.ClientError):
                asyncio.run(_fetch(f"http://{host}:{server.port}/"))
        assert len(server.requests) == 1
