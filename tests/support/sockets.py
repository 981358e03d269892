"""Servers that misbehave on real sockets, one behaviour each; they count the requests that reached them."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Behaviour = Callable[[socket.socket], None]


@dataclass
class Peer:
    """``requests`` are the heads that arrived; ``connections`` counts all, with and without one."""

    url: str
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0


@contextmanager
def peer(behave: Behaviour, *, reads: bool = True) -> Iterator[Peer]:
    """Serve on a free port of the loopback; ``reads`` takes the request in before behaving."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        found = Peer(f"http://127.0.0.1:{server.getsockname()[1]}")
        stop = threading.Event()
        thread = threading.Thread(target=_serve, args=(server, behave, reads, found, stop), daemon=True)
        thread.start()
        try:
            yield found
        finally:
            stop.set()
            thread.join()


def _serve(server: socket.socket, behave: Behaviour, reads: bool, found: Peer, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            client, _address = server.accept()
        except TimeoutError:
            continue
        found.connections += 1
        client.settimeout(5)
        with client:
            if reads:
                found.requests.append(_read_request(client))
            try:
                behave(client)
            except (BrokenPipeError, ConnectionResetError, TimeoutError):
                continue  # the other side gave up first, as some tests want


def _read_request(client: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += client.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += client.recv(65_536)
    return head


def answers(status: str, body: bytes = b"{}", *headers: str) -> Behaviour:
    """Answer properly."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return lambda client: client.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def says(data: bytes) -> Behaviour:
    """Send these bytes and close."""
    return lambda client: client.sendall(data)


def resets(client: socket.socket) -> None:
    """Cut the connection hard."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hangs(client: socket.socket) -> None:
    """Say nothing for longer than any test waits."""
    time.sleep(1.5)


def drips(client: socket.socket) -> None:
    """Begin an answer and never end it."""
    client.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{")
    hangs(client)


def refused_url() -> str:
    """Return an address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@contextmanager
def full_backlog() -> Iterator[str]:
    """Return the address of a server that accepts nobody: new connections hang before they are made."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(server.getsockname())
            waiting.append(client)
        time.sleep(0.1)
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            for client in waiting:
                client.close()
