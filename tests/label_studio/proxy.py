"""A proxy on loopback that does to requests what networks and servers do to them."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

Choose = Callable[[int, str, str], str | None]  # from a request's place, method and path to a fault, or None

COOKIE = "a-cookie-that-nobody-may-see"
HOPS = ("accept-encoding", "connection", "content-length", "transfer-encoding")
FAULTS = (
    "503 before",  # the server never sees the request
    "503 after",  # the server has done what it was asked
    "429",
    "reset before",
    "reset within",  # half of the answer comes, then the connection is reset
    "cut",  # half of the answer comes, then the connection ends
    "cut without a length",  # the same, where nothing says how long the answer is
    "stall before",
    "stall after",
    "nonsense",  # a page instead of JSON
)


class Proxy:
    """What was asked, and what was done to it.

    Attributes
    ----------
    url
        Its address.
    choose
        Which fault a request meets.
    asked
        How many requests came.
    met
        The faults that requests met, in their order.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.choose: Choose = lambda place, method, path: None
        self.asked = 0
        self.met: list[str] = []
        self.ended = threading.Event()
        self.lock = threading.Lock()

    def fault(self, method: str, path: str) -> str | None:
        with self.lock:
            self.asked += 1
            fault = self.choose(self.asked, method, path)
            if fault:
                self.met.append(fault)
            return fault

    def begin(self, choose: Choose) -> None:
        with self.lock:
            self.choose, self.asked, self.met = choose, 0, []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or a body waits 40 ms until the headers before it are acknowledged
    server: Server

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.state.fault(self.command, self.path)
        before = {
            "429": self.slow_down,
            "503 before": self.fail,
            "reset before": self.reset,
            "stall before": self.stall,
        }
        after = {"503 after": self.fail, "nonsense": self.talk, "stall after": self.stall}
        if fault in before:
            before[fault]()
            return
        status, headers, answer = self.forward(body)
        if fault in after:
            after[fault]()
            return
        if fault != "cut without a length":
            headers.append(("Content-Length", str(len(answer))))
        else:
            headers.append(("Connection", "close"))
        self.answer(status, answer[: len(answer) // 2] if fault else answer, headers)
        if fault == "reset within":
            self.reset()
        self.close_connection = fault is not None

    do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815

    def forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOPS}
        with closing(http.client.HTTPConnection(*self.server.upstream, timeout=60)) as connection:
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
            answer = response.read()
        return response.status, [pair for pair in response.getheaders() if pair[0].lower() not in HOPS], answer

    def answer(self, status: int, body: bytes, headers: Sequence[tuple[str, str]]) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def say(self, status: int, body: bytes) -> None:
        self.answer(status, body, [("Content-Length", str(len(body))), ("Set-Cookie", f"sessionid={COOKIE}")])

    def slow_down(self) -> None:
        self.say(429, b'{"detail": "slow down"}')

    def fail(self) -> None:
        self.say(503, b"<html>unavailable</html>")

    def talk(self) -> None:
        self.say(200, b"<html>please log in</html>")

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def stall(self) -> None:
        self.server.state.ended.wait(60)
        self.close_connection = True

    def log_message(self, *arguments: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        parts = urlsplit(upstream)
        self.upstream = (str(parts.hostname), parts.port)
        self.state = Proxy(f"http://127.0.0.1:{self.server_port}")

    def handle_error(self, *arguments: object) -> None:
        pass  # clients that are killed, and connections that we reset


@contextmanager
def proxy(upstream: str) -> Iterator[Proxy]:
    """Stand between a client and a server until the block ends."""
    server = Server(upstream)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server.state
    finally:
        server.state.ended.set()
        server.shutdown()
        server.server_close()
