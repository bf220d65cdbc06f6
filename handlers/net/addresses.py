"""Which addresses a request from here may go to: public ones, and what the administrator has opened; never our own."""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_opened: frozenset[str] = frozenset()
_own: frozenset[int] = frozenset()


def open_hosts(hosts: tuple[str, ...]) -> None:
    """Let requests go to these hosts (`name` or `name:port`) wherever they resolve to: the installation's setting."""
    global _opened
    _opened = frozenset(host.lower() for host in hosts)


def own_ports(ports: Iterable[int]) -> None:
    """Say where this service listens: a request from here to there would come from this machine, as its owner."""
    global _own
    _own = frozenset(ports)


def is_own(address: str, port: int) -> bool:
    """Whether this service may be listening there: one of its ports, at an address that this machine has."""
    if port not in _own:
        return False
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address, 0, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(place)  # only an address of this machine can be bound
    except OSError:
        return False
    return True


def is_opened(host: str, port: int) -> bool:
    """Whether the administrator has opened a host, on this port or on all."""
    name = host.lower().strip("[]")
    return name in _opened or f"{name}:{port}" in _opened


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, whatever form it hides in."""
    try:
        found = ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    return _is_public(found)


def _is_public(found: IPv4Address | IPv6Address) -> bool:
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo and found.teredo[1])
        if inner:
            return found.ipv4_mapped is not None and _is_public(inner)
        if found.is_site_local or any(found in network for network in _NAT64):
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)
