"""A server on loopback that speaks S3: moto's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def served(bucket: str, secret: str, patch: pytest.MonkeyPatch) -> Iterator[tuple[str, Any]]:
    """Give the server's address and a client, once it has the bucket; who may use it is in the environment."""
    import boto3
    from moto.server import ThreadedMotoServer

    for name, value in {"ACCESS_KEY_ID": "me", "SECRET_ACCESS_KEY": secret, "DEFAULT_REGION": "us-east-1"}.items():
        patch.setenv(f"AWS_{name}", value)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        address = "http://{}:{}".format(*server.get_host_and_port())
        client = boto3.client("s3", endpoint_url=address)
        client.create_bucket(Bucket=bucket)
        yield address, client
    finally:
        server.stop()
