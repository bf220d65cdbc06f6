"""Clients that are slow, silent or large (faults S10, S11, F29, F30), against the real server.

    python benchmarks/faults/slow_clients.py              # all; about three minutes
    python benchmarks/faults/slow_clients.py --only F30 --connections 200

Prints a table and one line of JSON. Exit code 1 where a figure was missed.
"""

import argparse
import asyncio
import json
import resource
import socket
import sys
import time
from typing import Any

from served import EVENTS, HOST, PUBLISH, Honest, Served, beside, p99, served

GET = b"GET /openapi.json HTTP/1.1\r\n" + HOST
PUBLISHING = b"POST " + PUBLISH.encode() + b" HTTP/1.1\r\n" + HOST
POST = b"POST /api/notes HTTP/1.1\r\n" + HOST
KINDS = {
    "header": GET + b"X: a",
    "body": POST + b"Content-Length: 1000\r\n\r\n{",
    "idle": GET.replace(b"/openapi.json", b"/healthz") + b"\r\n",
    "deaf": (GET + b"\r\n") * 8,
}
CHUNK = b"10000\r\n" + b" " * 65536 + b"\r\n"
LARGE = {
    "1 GiB announced": POST + b"Content-Length: 1073741824\r\n\r\n",
    "64 MiB in chunks": PUBLISHING
    + b"Transfer-Encoding: chunked\r\n\r\n"
    + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 1024,
    "64 MiB": PUBLISHING + b"Content-Length: 67108864\r\n\r\n" + b" " * 67108864,
    "gzip bomb": POST + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nxxxx",
    "1 MiB header": GET + b"X: " + b"a" * (1 << 20) + b"\r\n\r\n",
    "10,000 headers": GET + b"".join(b"X%d: a\r\n" % n for n in range(10_000)) + b"\r\n",
    "1 MiB path": b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "64 KiB cookie": GET + b"Cookie: " + b"a=b; " * 14_000 + b"\r\n\r\n",
    "endless trailer": POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: " + b"a" * (32 << 20),
    "20,000 requests ahead": (GET.replace(b"/openapi.json", b"/") + b"\r\n") * 20_000,
}


async def connect(server: Served, data: bytes, receive: int = 0) -> socket.socket:
    """A raw connection that has sent `data` as far as it is taken."""
    client = socket.socket()
    if receive:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", server.port))
    try:
        async with asyncio.timeout(5):
            await loop.sock_sendall(client, data)
    except (OSError, TimeoutError):
        pass  # refused while it was sent
    return client


async def s10(server: Served, options: argparse.Namespace) -> dict[str, Any]:
    """What is too large: refused within a second, held nowhere."""
    before, most, slowest, honest = server.rss(), 0.0, ("", 0.0), Honest(server)
    for name, data in LARGE.items():
        began = time.perf_counter()
        client = await connect(server, data)
        await honest.call("GET", "/healthz")
        slowest = max(slowest, (name, time.perf_counter() - began), key=lambda each: each[1])
        most = max(most, server.rss() - before)
        client.close()
    return {"grown_mib": round(most, 1), "slowest": slowest[0], "slowest_s": round(slowest[1], 2),
            "met": most < 64 and slowest[1] <= 1}  # fmt: skip


async def s11(server: Served, options: argparse.Namespace) -> dict[str, Any]:
    """A quarter each drips headers, drips a body, idles, reads nothing; all for longer than they may."""
    count = options.connections
    own, loop = server.sockets(), asyncio.get_running_loop()
    async with beside(server, "/healthz") as honest:
        began, clients = time.monotonic(), []
        for number in range(count):
            kind = list(KINDS)[number % 4]
            clients.append((kind, await connect(server, KINDS[kind], 4096 if kind == "deaf" else 0)))
        opened = time.monotonic() - began
        while time.monotonic() - began < opened + 29:
            await asyncio.sleep(3)
            for kind, client in clients:
                if kind in ("header", "body"):
                    try:
                        await loop.sock_sendall(client, b" ")
                    except OSError:
                        continue
        await asyncio.sleep(max(0.0, opened + 30.2 - (time.monotonic() - began)))
        left = server.sockets() - own - 1  # the honest one
        late = await server.until_sockets(own + 1, 60)
        for _, client in clients:
            client.close()
        slow = p99(honest.times)
    closed = 1 - max(0, left) / count
    return {"connections": count, "closed_in_30_s": closed, "last_after_s": round(30.2 + late, 1),
            "honest_p99_ms": round(slow, 1), "met": closed >= 0.99 and slow < 250}  # fmt: skip


async def f29(server: Served, options: argparse.Namespace) -> dict[str, Any]:
    """Idle streams: what each costs, what they cost others, and what is beyond the most.

    Publishes go by turns to this server and to one without streams, so that both meet the same noise.
    """
    count, own, before, began = options.streams, server.sockets(), server.rss(), time.monotonic()
    request = EVENTS.replace(b" HTTP", b"?topic=note.ingest HTTP") + b"\r\n"
    clients = await opened(server, request, count)
    while server.sockets() < own + count and time.monotonic() - began < 60:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.1)
    took = time.monotonic() - began
    await asyncio.sleep(1)
    each = (server.rss() - before) * 1024 / count
    with served() as other:
        alone, among = await by_turns([other, server], {"topic": "big.make", "data": {"size": 1}})
    refused = await connect(server, request)
    refused.settimeout(5)
    head = refused.recv(4096).lower()
    beyond = head.startswith(b"http/1.1 429") and b"\r\nretry-after: " in head
    others = (await Honest(server).call("GET", "/api/workspace"))[0] == 200
    for client in (*clients, refused):
        client.close()
    gone = await server.until_sockets(own + 1, 60)
    return {"streams": count, "open_s": round(took, 1), "kb_each": round(each, 1),
            "publish_p99_ms": [round(alone, 2), round(among, 2)], "beyond_429": beyond, "others_200": others,
            "back_s": round(gone, 1),
            "met": took < 30 and each <= 50 and among <= alone * 1.2 and beyond and others and gone <= 15}  # fmt: skip


async def opened(server: Served, request: bytes, count: int) -> list[socket.socket]:
    """So many connections that have sent a request. Ends the program where the system gives no more of them."""
    clients: list[socket.socket] = []
    try:
        while len(clients) < count:
            more = min(100, count - len(clients))
            clients += await asyncio.gather(*[connect(server, request) for _ in range(more)])
    except OSError as error:
        sys.exit(f"F29: {len(clients)} of {count} connections, then: {error}; try --streams {len(clients)}")
    return clients


async def by_turns(servers: list[Served], message: Any) -> list[float]:
    """The p99 in ms of publishing to each of some servers, two seconds each, for 40 s."""
    honest = [Honest(server) for server in servers]
    times: list[list[float]] = [[] for _ in servers]
    for _ in range(20 // len(servers)):
        for client, found in zip(honest, times, strict=True):
            await client.p99(PUBLISH, 2, message)
            found += client.times
    return [p99(found) for found in times]


async def f30(server: Served, options: argparse.Namespace) -> dict[str, Any]:
    """Readers that take nothing of large events: dropped, cheap for all, and able to go on."""
    honest, message = Honest(server), [{"topic": "big.make", "data": {"size": options.size}}]
    alone = await honest.p99(PUBLISH, 8, message, every=0.04)
    own, before, most = server.sockets(), server.rss(), 0.0
    readers = [await connect(server, EVENTS + b"\r\n", 4096) for _ in range(100)]
    await asyncio.sleep(0.5)
    honest.times.clear()
    began, sent = time.monotonic(), 0
    while time.monotonic() - began < 20:
        await honest.call("POST", PUBLISH, message)
        sent += 1
        most = max(most, server.rss() - before)
        await asyncio.sleep(0.04)
    slow = p99(honest.times)
    filled = time.monotonic()
    gone = await server.until_sockets(own, 60)
    whole = sum([await resumed(server, client, sent) for client in readers[:5]])
    return {"readers": 100, "events": sent, "event_bytes": options.size, "grown_mib": round(most, 1),
            "publish_p99_ms": [round(alone, 1), round(slow, 1)], "dropped_s": round(filled - began + gone, 1),
            "resumed_whole": f"{whole} of 5",
            "met": most < 64 and slow < max(250, 3 * alone) and gone <= 30.5 and whole == 5}  # fmt: skip


async def resumed(server: Served, reader: socket.socket, count: int) -> bool:
    """Whether a dropped reader, going on behind what had reached it, gets everything once."""
    loop, seen, rest = asyncio.get_running_loop(), list[int](), b""
    try:
        while part := await loop.sock_recv(reader, 1 << 20):
            rest += part
    except OSError:
        pass
    reader.close()
    seen += ids(rest[: rest.rfind(b"\n\n") + 2])
    again = await connect(server, EVENTS + b"Last-Event-ID: %d\r\n\r\n" % (seen[-1] if seen else 0))
    rest = b""
    async with asyncio.timeout(60):
        while len(seen) < count:
            rest += await loop.sock_recv(again, 1 << 20)
            end = rest.rfind(b"\n\n") + 2
            if end > 1:
                seen += ids(rest[:end])
                rest = rest[end:]
    again.close()
    return len(seen) == len(set(seen)) and seen == sorted(seen)


def ids(text: bytes) -> list[int]:
    """The event numbers of a stretch of a stream."""
    return [int(line[4:]) for line in text.split(b"\n") if line.startswith(b"id: ")]


def take_descriptors(count: int) -> None:
    """Raise this program's limit of open files, which the server inherits. Ends it where that is not allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 200
    if soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            sys.exit(f"{count} connections need {wanted} open files, and this system allows {hard} (ulimit -Hn); "
                     f"raise that, or ask for fewer with --streams and --connections")  # fmt: skip
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


PARTS = {"S10": s10, "S11": s11, "F29": f29, "F30": f30}


def main() -> int:
    """Each part on a server of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; all by default")
    parser.add_argument("--connections", type=int, default=2000, help="of S11")
    parser.add_argument("--streams", type=int, default=10_000, help="of F29; each takes an open file on either side")
    parser.add_argument("--size", type=int, default=200_000, help="bytes of an event of F30")
    options = parser.parse_args()
    take_descriptors(max(options.streams, options.connections))
    failed, results = False, []
    for name in options.only or PARTS:
        with served(LIMITS_STREAMS=str(options.streams)) as server:
            result = {"id": name, **asyncio.run(PARTS[name](server, options))}
        results.append(result)
        failed |= not result["met"]
        print("  ".join(f"{key}={value}" for key, value in result.items()), flush=True)
    print(json.dumps({"program": "slow_clients", "results": results}))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
