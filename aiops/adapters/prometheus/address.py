"""Address: which addresses a metric server may have; what was checked is what is connected to (S5).

Link-local and metadata addresses hand out credentials of the machine, so they are never spoken to. A name is
resolved once for each connection; what was checked is what is connected to, so a name that answers
differently the second time (DNS rebinding) gains nothing.
"""

import ipaddress
import queue
import socket
import threading

from aiops.errors import Rejected, Unavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "100.100.100.200",  # Alibaba Cloud
        "192.0.0.192",  # Oracle Cloud
        "fd00:ec2::254",  # Amazon
        "fd20:ce::254",  # Google
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def refusal(address: Address) -> str:
    """Why ``address`` is not spoken to; "" if it may be."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return refusal(inner)
    if address in METADATA:
        return "a metadata service"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255":
        return "no address of one server"
    return ""


def connect(host: str, port: int, timeout_s: float) -> socket.socket:
    """A connection to ``host``. Rejected for an address never spoken to; OSError as ``socket`` raises it."""
    last: OSError | None = None
    for family, kind, proto, _, place in _resolve(host.strip("[]"), port, timeout_s):
        plain = ipaddress.ip_address(str(place[0]).split("%", 1)[0])
        reason = refusal(plain)
        if reason:
            raise Rejected(f"url: {host} is {plain}, {reason}: not connected to")
        sock = socket.socket(family, kind, proto)
        try:
            sock.settimeout(timeout_s)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(place)
        except OSError as error:
            sock.close()
            last = error
        else:
            return sock
    raise last or OSError(f"{host}: no address")


_Places = list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]]


def _resolve(host: str, port: int, timeout_s: float) -> _Places:
    """getaddrinfo, which knows no time-out of its own and so runs in a thread that may be left behind."""
    answer: queue.SimpleQueue[object] = queue.SimpleQueue()

    def look() -> None:
        try:
            answer.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.put(error)

    try:
        ipaddress.ip_address(host)
    except ValueError:
        threading.Thread(target=look, name="resolve", daemon=True).start()
    else:
        look()  # nothing to ask anybody
    try:
        found = answer.get(timeout=timeout_s)
    except queue.Empty:
        raise Unavailable(f"url: the name {host} was not resolved within {timeout_s:g} s") from None
    if isinstance(found, UnicodeError):
        raise Rejected(f"url: {host!r} cannot be a name of a host") from found
    if isinstance(found, OSError):
        raise found
    return found  # type: ignore[return-value]
