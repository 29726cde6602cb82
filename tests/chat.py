"""A chat completion server on loopback that answers as it is told, well or badly, and keeps what it was asked."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, NamedTuple

Request = Mapping[str, Any]


class Reply(NamedTuple):
    body: bytes
    status: int = 200
    headers: Mapping[str, str] = {}
    missing: int = 0  # bytes that are announced and never come


class Chat(ThreadingHTTPServer):
    """Answers the n-th request, from 0, with what `reply` makes of it."""

    daemon_threads = True
    block_on_close = False  # some handlers sleep
    request_queue_size = 128  # by default 5, and who asks 8 at once waits a second for the rest

    def __init__(self, reply: Callable[[Request, int], Reply]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.reply = reply
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.lock = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def records(self) -> list[Any]:
        """The record that each request was about."""
        return [json.loads(users(request)[-1]) for request in self.asked]

    def handle_error(self, *_: Any) -> None:
        """Stay silent when a client hangs up."""


class Handler(BaseHTTPRequestHandler):
    server: Chat
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet, or the second waits 40 ms until the first is acknowledged

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            number = len(self.server.asked)
            self.server.asked.append(request)
            self.server.keys.append(self.headers["Authorization"])
        reply = self.server.reply(request, number)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body) + reply.missing))
        self.end_headers()
        self.wfile.write(reply.body)
        if reply.missing:
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(reply: Callable[[Request, int], Reply]) -> Iterator[Chat]:
    server = Chat(reply)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def users(request: Request) -> list[str]:
    return [message["content"] for message in request["messages"] if message["role"] == "user"]


def said(content: str | None, tokens: Sequence[Any] | None = None) -> Reply:
    """A completion; its tokens are (text, probability, {text: probability})."""
    choice: dict[str, Any] = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    if tokens:
        choice["logprobs"] = {
            "content": [
                {**token(text, chance), "top_logprobs": [token(*each) for each in beside.items()]}
                for text, chance, beside in tokens
            ]
        }
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    return Reply(json.dumps({"choices": [choice], "usage": usage}).encode())


def token(text: str, chance: float) -> dict[str, Any]:
    return {"token": text, "logprob": math.log(chance), "bytes": list(text.encode())}


def label(chances: Mapping[str, float]) -> Reply:
    """A completion that says the likeliest label, with each label's probability."""
    best = max(chances, key=lambda each: chances[each])
    start = '{"value": "'
    return said(f'{start}{best}"}}', [(start, 1.0, {}), (best, chances[best], chances), ('"}', 1.0, {})])
