"""The hub goes to public addresses only, whatever a name resolves to."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.auth import NoAuth
from hub.core.errors import ConfigError
from hub.core.http import Http, HttpClient
from hub.core.outbound import AddressRefused, GuardedTransport, is_public, names_loopback, origin
from hub.testing.client import Waits, manual_clock
from hub.testing.scripted import scripted


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "100.64.0.1",
        "192.168.1.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)
def test_internal_addresses_are_not_public(address: str) -> None:
    """Private, link-local, shared, multicast, and IPv4 wrapped in IPv6 in each known way."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_internet_addresses_are_public(address: str) -> None:
    """What vendors live on."""
    assert is_public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_never_makes_it_public(address: IPv4Address) -> None:
    """A mapped, translated or 6to4 address is judged as the IPv4 address inside."""
    bits = int(address)
    mapped = IPv6Address(0xFFFF << 32 | bits)
    nat64 = IPv6Address(int(IPv6Address("64:ff9b::")) | bits)
    six_to_four = IPv6Address(0x2002 << 112 | bits << 80)

    assert is_public(mapped) == is_public(nat64) == is_public(six_to_four) == is_public(address)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://localhost:8080", True),
        ("http://[::1]:8080", True),
        ("https://api.example.com", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://10.0.0.1", False),
    ],
)
def test_only_a_literal_loopback_address_names_loopback(url: str, loopback: bool) -> None:
    """A name proves nothing about where it resolves to."""
    assert names_loopback(url) == loopback


def transport(answers: dict[str, list[str]], *, loopback: bool) -> GuardedTransport:
    def resolve(host: str, port: int) -> Sequence[str]:
        return answers[host]

    return GuardedTransport(loopback=loopback, connections=2, resolve=resolve)


@pytest.mark.parametrize("inside", ["10.0.0.1", "127.0.0.1", "::ffff:169.254.169.254"])
def test_a_name_with_one_internal_address_is_refused(inside: str) -> None:
    """Before anything is sent, even if the name's other addresses are public."""
    guarded = transport({"api.example.com": ["8.8.8.8", inside]}, loopback=False)

    with pytest.raises(AddressRefused, match="internal address"):
        guarded.handle_request(httpx.Request("GET", "https://api.example.com/"))


def test_a_name_is_resolved_once_and_pinned() -> None:
    """What was checked is what is connected to: a rebinding name server gets no second answer."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    guarded = GuardedTransport(loopback=True, connections=2, resolve=resolve)
    with scripted() as server:
        port = httpx.URL(server.url).port
        for _ in range(2):
            request = httpx.Request("GET", f"http://emulator.test:{port}/v1")
            guarded.handle_request(request).read()
        guarded.close()

    assert asked == ["emulator.test"]
    assert server.seen[0].headers["host"] == f"emulator.test:{port}"


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    """A host with a dead IPv6 address is still reached."""
    with scripted() as server:
        port = httpx.URL(server.url).port
        guarded = transport({"emulator.test": ["127.0.0.2", "127.0.0.1"]}, loopback=True)
        response = guarded.handle_request(httpx.Request("GET", f"http://emulator.test:{port}/"))
        response.read()
        guarded.close()

    assert response.status_code == 200


def test_a_client_tells_the_admin_that_it_does_not_go_there() -> None:
    """A base URL that resolves into the own network is a mistake in the settings."""
    waits = Waits(manual_clock())
    client = HttpClient(
        "shop",
        Http("https://api.example.com", NoAuth()),
        clock=waits.clock,
        wait=waits,
        resolve=lambda host, port: ["192.168.0.10"],
    )

    with pytest.raises(ConfigError, match=r"api\.example\.com resolves to an internal address"):
        client.get("/v1/things")
    client.close()


def test_origins_tell_ports_and_schemes_apart() -> None:
    """A token for one is not sent to the other."""
    assert origin("https://a.example/x") == origin("https://a.example:443/y?z=1")
    assert origin("https://a.example") != origin("http://a.example")
    assert origin("https://a.example") != origin("https://a.example:8443")
