"""Messages of an MQTT broker, as sensors send them."""

from __future__ import annotations

import base64
import os
import re
import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from stages import InputError
from stages.sources.base import BATCH, Rows, require
from stages.sources.json_records import object_texts
from stages.sources.snapshots import Draft, fetched
from stages.tables import dump_line, read_lines

if TYPE_CHECKING:
    from paho.mqtt.client import Client

PORTS = {"mqtt": 1883, "mqtts": 8883}
PATIENCE = 10.0  # seconds for the broker to say whether we may listen


@dataclass(frozen=True, kw_only=True)
class Mqtt:
    """One record a message: `arrived` (in UTC), `topic`, `payload`, and the keys of a payload that is a JSON object.

    Messages are kept as they came; a payload that is no text in UTF-8 is kept in base 64, and is missing in the
    records. What the broker had kept from before (retained messages) is left out: nobody knows when it was said.

    Parameters
    ----------
    path
        The folder of the snapshot: `data/raw/<name>`.
    topics
        What to listen to, with MQTT's signs `+` (one level) and `#` (all below).
    count, seconds, bytes
        The snapshot ends with so many messages, after so much time, or with so many bytes, whichever comes first.
    address
        The environment variable that holds the broker's address: `mqtt://user:password@host:1883`, or `mqtts://`.
    """

    path: str
    topics: Sequence[str]
    count: int = 100_000
    seconds: float = 60.0
    bytes: int = 1_000_000_000
    address: str = "LABELMILL_MQTT"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", self.address):  # not shown: it may be an address
            raise InputError("address: the name of an environment variable is expected, such as LABELMILL_MQTT")
        if wrong := [each for each in self.topics if not _is_filter(each)] or not self.topics:
            raise InputError(f"topics: one or more such as plant/+/temperature or plant/# are expected, found {wrong}")
        if self.count < 1 or self.seconds <= 0 or self.bytes < 1:
            raise InputError(
                f"count, seconds, bytes: each above 0 is expected, found {self.count}, {self.seconds} and {self.bytes}"
            )

    def asked(self) -> Any:
        return list(self.topics)

    def fetch(self, draft: Draft) -> None:
        """Listen, and write each message as it comes; an interrupted run's messages stay, and count.

        Raises
        ------
        InputError
            The broker cannot be reached or refuses, or no message comes.
        """
        place = _address(self.address)
        kept = [item.about for item in draft.items.values()]
        file = f"messages-{len(kept):05}.jsonl"
        with open(draft.folder / file, "w", encoding="utf-8", newline="\n") as stream:
            listener = _Listener(
                self.topics,
                stream,
                self.count - sum(each["messages"] for each in kept),
                self.bytes - sum(item.size or 0 for item in draft.items.values()),
            )
            try:
                listener.run(place, self.seconds, self.address)
            finally:
                stream.flush()
                if listener.messages:
                    draft.keep(
                        f"messages of part {len(kept):05}",
                        file,
                        address=f"{place.scheme}://{place.hostname}:{place.port or PORTS[place.scheme]}",
                        messages=listener.messages,
                        ended=listener.ended or "interrupted",
                        retained=listener.retained,
                        connections=listener.connections,
                    )
        if not listener.messages and not kept:
            raise InputError(f"no message came in {self.seconds:g} s on {', '.join(self.topics)}; listen for longer?")

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Read the named columns of all messages from the snapshot.

        Raises
        ------
        InputError
            There is no snapshot, or no message has a column.
        """
        import pyarrow as pa

        found = dict.fromkeys(["arrived", "topic", "payload"])
        for _, path in fetched(self):
            messages: list[dict[str, str | None]] = []
            for message in read_lines(path):
                payload = message.get("payload")
                own = {"arrived": message["arrived"], "topic": message["topic"], "payload": payload}
                messages.append((object_texts(payload or "") or {}) | own)
                found.update(dict.fromkeys(messages[-1]))
            for start in range(0, len(messages), BATCH):
                part = messages[start : start + BATCH]
                cells = [pa.array([each.get(column) for each in part], pa.large_string()) for column in columns]
                lines = range(start + 1, start + len(part) + 1)
                yield Rows(path.as_posix(), "", lines, pa.table(cells, names=list(columns)))
        require(columns, list(found), self.path)


@dataclass
class _Listener:
    """Writes the messages of a broker until there are enough."""

    topics: Sequence[str]
    stream: IO[str]
    count: int
    bytes: int
    messages: int = 0
    retained: int = 0
    connections: int = 0
    ended: str | None = None
    refused: str | None = None
    listening: set[int] = field(default_factory=set)

    def run(self, place: SplitResult, seconds: float, variable: str) -> None:
        client = self._client(place)
        end = time.monotonic() + seconds
        try:
            try:
                client.connect(str(place.hostname), place.port or PORTS[place.scheme])
            except (OSError, ValueError) as error:  # whose text may hold the address
                raise InputError(f"${variable}: the broker cannot be reached ({_why(error)})") from None
            patience = time.monotonic() + PATIENCE
            while not self.ended and (left := end - time.monotonic()) > 0:
                if client.loop(min(left, 0.5)) and not self.refused:
                    _again(client)
                if self.refused:
                    raise InputError(f"${variable}: the broker refuses: {self.refused}")
                if not self.listening and time.monotonic() > patience:
                    raise InputError(f"${variable}: what answers there is no MQTT broker, or does not let us listen")
            self.ended = self.ended or "seconds"
        finally:
            client.disconnect()
            client.loop(0.1)

    def _client(self, place: SplitResult) -> Client:
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion
        except ModuleNotFoundError as error:
            raise InputError("paho-mqtt is not installed: pip install '.[sensors]'") from error

        client = Client(CallbackAPIVersion.VERSION2)
        if place.username:
            client.username_pw_set(unquote(place.username), unquote(place.password or ""))
        if place.scheme == "mqtts":
            client.tls_set_context(ssl.create_default_context())
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._message
        return client

    def _connected(self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self.refused = str(reason)
        else:
            self.connections += 1
            client.subscribe([(topic, 1) for topic in self.topics])

    def _subscribed(self, _client: Client, _data: Any, number: int, reasons: Any, _properties: Any) -> None:
        self.listening.add(number)
        if refused := [topic for topic, reason in zip(self.topics, reasons, strict=True) if reason.is_failure]:
            self.refused = f"to let us listen to {', '.join(refused)}"

    def _message(self, _client: Client, _data: Any, message: Any) -> None:
        if self.ended:
            return
        if message.retain:
            self.retained += 1
            return
        arrived = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = dump_line({"arrived": arrived, "topic": message.topic, **_payload(message.payload)}) + "\n"
        self.bytes -= len(line.encode())
        if self.bytes < 0:
            self.ended = "bytes"
            return
        self.stream.write(line)
        self.messages += 1
        if self.messages >= self.count:
            self.ended = "count"


def _payload(data: bytes) -> dict[str, str]:
    try:
        return {"payload": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _again(client: Client) -> None:
    """Connect anew; while the broker is away, wait for it."""
    try:
        client.reconnect()
    except OSError:
        time.sleep(0.5)


def _address(variable: str) -> SplitResult:
    given = os.environ.get(variable)
    if not given:
        raise InputError(f"${variable} is not set; export {variable}='mqtt://user:password@host:1883'")
    try:
        parts = urlsplit(given)
        usable = parts.scheme in PORTS and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:  # whose text may hold the password
        usable = False
    if not usable or parts.path.strip("/") or parts.query or parts.fragment:
        raise InputError(f"${variable} is not of the form mqtt://user:password@host:1883, or mqtts:// with TLS")
    return parts


def _is_filter(topic: str) -> bool:
    levels = topic.split("/")
    return (
        bool(topic)
        and "\0" not in topic
        and len(topic.encode("utf-8", "replace")) < 65_536
        and all(
            level == "+" or (level == "#" and place == len(levels) - 1) or not set(level) & {"+", "#"}
            for place, level in enumerate(levels)
        )
    )


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "TLS"
    number = getattr(error, "errno", None) or 0
    return os.strerror(number) if number > 0 else type(error).__name__  # that of a name that is not found is negative
