"""The one way out: a transport that resolves a host, checks its addresses, connects to one.

A name that resolves to an internal address would let a wrong setting, a vendor's next-page link or
a rebinding name server read the hub's own network. Loopback is for emulators and needs a literal
loopback address in the settings; a *name* that resolves to one is refused like any other.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Sequence
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Lock
from typing import NewType

import httpx

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
"""Host and port to addresses, best first."""

Origin = NewType("Origin", str)
"""Scheme, host and port of a URL, such as ``https://api.example.com:443``."""

_NAT64 = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")


class AddressRefused(httpx.ConnectError):
    """The host is, or resolves to, an address that is not on the public internet."""


def origin(url: str) -> Origin:
    """The origin that credentials of ``url`` belong to.

    >>> origin("https://api.example.com/v1?limit=5")
    'https://api.example.com:443'
    """
    parts = httpx.URL(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    return Origin(f"{parts.scheme}://{parts.host}:{port}")


def names_loopback(url: str) -> bool:
    """Whether the host of ``url`` is literally a loopback address: the opt-in for emulators.

    >>> names_loopback("http://127.0.0.1:8123/v1"), names_loopback("http://localhost.evil.example")
    (True, False)
    """
    host = httpx.URL(url).host
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_public(address: Address) -> bool:
    """Whether ``address``, and any IPv4 address wrapped in it, is on the public internet.

    Source: RFC 6890 special-purpose registries through :mod:`ipaddress`; RFC 6052 (64:ff9b::/96),
    RFC 8215 (64:ff9b:1::/48), RFC 3056 (6to4), RFC 4380 (Teredo).
    """
    if isinstance(address, IPv6Address):
        if address in _NAT64_LOCAL:
            return False
        wrapped = _wrapped(address)
        if wrapped:
            return all(is_public(inner) for inner in wrapped)
    return address.is_global and not address.is_multicast


def _wrapped(address: IPv6Address) -> tuple[IPv4Address, ...]:
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFF_FFFF),)
    if address.sixtofour:
        return (address.sixtofour,)
    return address.teredo or ()


def system_resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that the machine's resolver gives for ``host``."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@cache
def _trusted() -> ssl.SSLContext:
    """The certificate authorities, read once per process: that takes some 100 ms."""
    return httpx.create_ssl_context()


class GuardedTransport(httpx.BaseTransport):
    """Sends requests to checked addresses only, over kept-alive connections.

    A host is resolved once and stays pinned to the address that answered, so that what was checked
    is what is connected to; a failed connection resolves it afresh.

    Args:
        loopback: Whether loopback addresses are allowed (emulators).
        connections: Most open connections.
        resolve: Host to addresses.
    """

    def __init__(
        self, *, loopback: bool, connections: int, resolve: Resolve = system_resolve
    ) -> None:
        self._loopback = loopback
        self._resolve = resolve
        self._pinned: dict[str, str] = {}
        self._lock = Lock()
        self._inner = httpx.HTTPTransport(
            verify=_trusted(),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The response from the first checked address that accepts a connection.

        Raises:
            AddressRefused: If any address of the host is not public.
        """
        host = request.url.host
        failure: httpx.ConnectError | httpx.ConnectTimeout | None = None
        for address in self._addresses(request):
            try:
                response = self._inner.handle_request(_addressed(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as err:
                failure = err
                continue
            with self._lock:
                self._pinned[host] = address
            return response
        with self._lock:
            self._pinned.pop(host, None)
        raise failure or httpx.ConnectError(f"{host} has no address", request=request)

    def close(self) -> None:
        """Close every kept-alive connection."""
        self._inner.close()

    def _addresses(self, request: httpx.Request) -> Sequence[str]:
        host = request.url.host
        with self._lock:
            pinned = self._pinned.get(host)
        if pinned:
            return [pinned]
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            found = self._resolve(host, port)
        except OSError as err:
            raise httpx.ConnectError(f"cannot resolve {host}", request=request) from err
        for text in found:
            self._check(text, request)
        return found

    def _check(self, text: str, request: httpx.Request) -> None:
        address = ip_address(text.split("%")[0])
        if is_public(address) or (self._loopback and address.is_loopback):
            return
        raise AddressRefused(f"{request.url.host} resolves to an internal address", request=request)


def _addressed(request: httpx.Request, address: str) -> httpx.Request:
    """``request`` sent to ``address``; Host header, SNI and certificate check keep the name."""
    if request.url.host == address:
        return request
    extensions = dict(request.extensions)
    if request.url.scheme == "https":
        extensions["sni_hostname"] = request.url.host
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions=extensions,
    )
