"""A chat completion server on loopback that thinks for a fixed time, and always says the same.

As a program, `python -m benchmarks.delayed SECONDS` serves until its standard input ends; it first prints the address.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

TOKENS = [('{"value": "', -0.01), ("positive", -0.2), ('"}', -0.01)]


def completion() -> bytes:
    """Give an answer with the log-probabilities of ten tokens in each place."""
    beside = [{"token": f"word{n}", "logprob": -5.0 - n, "bytes": list(f"word{n}".encode())} for n in range(9)]
    tokens = [{"token": text, "logprob": chance, "bytes": list(text.encode())} for text, chance in TOKENS]
    choice = {
        "message": {"role": "assistant", "content": "".join(text for text, _ in TOKENS)},
        "finish_reason": "stop",
        "logprobs": {"content": [{**each, "top_logprobs": [each, *beside]} for each in tokens]},
    }
    return json.dumps({"choices": [choice], "usage": {"prompt_tokens": 100, "completion_tokens": 3}}).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet
    answer = completion()

    def __init__(self, seconds: float, *given: object) -> None:
        self.seconds = seconds
        super().__init__(*given)  # type: ignore[arg-type]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.seconds)
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, float(sys.argv[1])))
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
