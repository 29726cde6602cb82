"""Messages of a real MQTT broker, mosquitto, that the tests start on loopback."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from stages import InputError
from stages.sources import Mqtt, Windows, collect
from stages.sources.readings import Clock
from stages.sources.snapshots import MANIFEST, snapshot

PASSWORD = "p@ss/w:rd%"
QUOTED = "p%40ss%2Fw%3Ard%25"
USUAL = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


class Broker:
    def __init__(self, folder: Path) -> None:
        found = shutil.which("mosquitto", path=USUAL)
        assert found, "mosquitto is not installed: apt-get install mosquitto"
        self.folder, self.command = folder, found
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.address = f"mqtt://me:{QUOTED}@127.0.0.1:{self.port}"
        passwords, rules, settings = (folder / name for name in ("passwords", "rules", "mosquitto.conf"))
        subprocess.run([shutil.which("mosquitto_passwd") or "", "-b", "-c", passwords, "me", PASSWORD], check=True)
        rules.write_text("user me\ntopic readwrite plant/#\n")
        settings.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\nacl_file {rules}\n"
            "user root\nmax_inflight_messages 0\nmax_queued_messages 0\n"
        )
        self.start()

    def start(self) -> None:
        command = [self.command, "-c", str(self.folder / "mosquitto.conf")]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        for _ in range(100):
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", self.port)):
                    return
            time.sleep(0.05)
        raise AssertionError("mosquitto does not start")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def say(self, *messages: tuple[str, str | bytes], retain: bool = False) -> None:
        client = Client(CallbackAPIVersion.VERSION2)
        client.username_pw_set("me", PASSWORD)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        for topic, payload in messages:
            client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)
        client.disconnect()
        client.loop_stop()

    def talk(self, say: Callable[[int], tuple[str, str | bytes]]) -> threading.Event:
        """Go on saying something until told to stop."""
        enough = threading.Event()

        def run() -> None:
            number = 0
            while not enough.wait(0.01):
                try:
                    self.say(*(say(number + each) for each in range(20)))
                    number += 20
                except (OSError, RuntimeError):
                    continue

        threading.Thread(target=run, daemon=True).start()
        return enough


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    broker = Broker(tmp_path)
    monkeypatch.setenv("LABELMILL_MQTT", broker.address)
    yield broker
    broker.stop()


def mqtt(*topics: str, **settings: Any) -> Mqtt:
    return Mqtt(path="data/raw/plant", topics=topics or ["plant/#"], **({"seconds": 20.0} | settings))


def cells(source: Any, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for rows in source.read(columns) for row in rows.table.to_pylist()]


def about() -> list[Any]:
    lines = Path("data/raw/plant", MANIFEST).read_text().splitlines()[1:]
    return [json.loads(line)["about"] for line in lines]


def test_messages_are_kept_as_they_came_until_there_are_enough(broker):
    broker.say(("plant/old", "1"), retain=True)
    said = [b'{"t": 1.50, "on": true, "more": [1]}', b"21.5", b"\xff\x00", b'{"t": NaN}', "é\n".encode()]
    enough = broker.talk(lambda number: ("plant/a/x", said[number % 5]))
    source = mqtt("plant/+/x", count=50)
    snapshot(source)
    enough.set()
    assert [(each["messages"], each["ended"], each["connections"]) for each in about()] == [(50, "count", 1)]
    assert about()[0]["address"] == f"mqtt://127.0.0.1:{broker.port}"
    kept = cells(source, "topic", "payload", "t", "on", "more")
    assert len(kept) == 50
    assert set(kept) == {
        ("plant/a/x", said[0].decode(), "1.50", "true", "[1]"),
        ("plant/a/x", "21.5", None, None, None),
        ("plant/a/x", None, None, None, None),
        ("plant/a/x", said[3].decode(), None, None, None),
        ("plant/a/x", "é\n", None, None, None),
    }
    assert '"base64": "/wA="' in Path("data/raw/plant/messages-00000.jsonl").read_text()
    with pytest.raises(InputError, match=r"no column 'absent'; its columns are 'arrived', 'topic', 'payload', 't'"):
        cells(source, "absent")


def test_listening_ends_with_the_time_and_with_the_bytes(broker):
    enough = broker.talk(lambda number: ("plant/a", f"{number}"))
    snapshot(mqtt(seconds=0.7))
    assert about()[0]["ended"] == "seconds"
    assert about()[0]["messages"] > 0
    source = mqtt(bytes=1000)
    snapshot(source)
    enough.set()
    assert about()[0]["ended"] == "bytes"
    assert Path("data/raw/plant/messages-00000.jsonl").stat().st_size <= 1000
    assert all(int(payload) >= 0 for (payload,) in cells(source, "payload"))


def test_what_was_retained_is_left_out_and_silence_is_told(broker):
    broker.say(("plant/old", "1"), retain=True)
    with pytest.raises(InputError, match=r"no message came in 0\.5 s on plant/#"):
        snapshot(mqtt(seconds=0.5))
    assert not Path("data/raw/plant").exists()


def test_an_interrupted_run_goes_on_with_the_messages_that_it_has(broker, monkeypatch):
    def interrupt(line: Any, lines: list[str] = []) -> str:  # noqa: B006
        if len(lines) == 5:
            raise KeyboardInterrupt
        lines.append(json.dumps(line))
        return lines[-1]

    enough = broker.talk(lambda number: ("plant/a", f"{number}"))
    source = mqtt(count=30)
    with monkeypatch.context() as patched:
        patched.setattr("stages.sources.mqtt.dump_line", interrupt)
        with pytest.raises(KeyboardInterrupt):
            snapshot(source)
    before = Path("data/raw/.plant.fetching/messages-00000.jsonl").read_text()
    assert before.count("\n") == 5
    snapshot(source)
    enough.set()
    assert Path("data/raw/plant/messages-00000.jsonl").read_text() == before
    assert [each["ended"] for each in about()] == ["interrupted", "count"]
    assert len(cells(source, "payload")) == 30


@pytest.mark.slow
def test_a_broker_that_goes_away_and_comes_back_is_listened_to_again(broker):
    enough = broker.talk(lambda number: ("plant/a", f"{number}"))
    threading.Timer(0.5, lambda: (broker.stop(), broker.start())).start()
    snapshot(mqtt(seconds=4.0))
    enough.set()
    (said,) = about()
    assert said["connections"] == 2
    assert said["messages"] > 0


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (None, "is not set"),
        ("http://127.0.0.1", "is not of the form"),
        (f"mqtt://me:{QUOTED}@[", "is not of the form"),
        (f"mqtt://me:{QUOTED}@127.0.0.1/x", "is not of the form"),
        (f"mqtt://me:{QUOTED}@127.0.0.1:1", "cannot be reached .Connection refused"),
        (f"mqtt://you:{QUOTED}@127.0.0.1:PORT", "refuses: Not authorized"),
        ("mqtt://127.0.0.1:PORT", "refuses: Not authorized"),
        (f"mqtts://me:{QUOTED}@127.0.0.1:PORT", "cannot be reached"),
    ],
)
def test_a_wrong_address_is_told_without_its_password(address, said, broker, monkeypatch):
    monkeypatch.delenv("LABELMILL_MQTT")
    if address:
        monkeypatch.setenv("LABELMILL_MQTT", address.replace("PORT", str(broker.port)))
    with pytest.raises(InputError, match=said) as caught:
        snapshot(mqtt())
    assert PASSWORD not in str(caught.value)
    assert QUOTED not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_password_is_nowhere(broker):
    enough = broker.talk(lambda number: ("plant/a", f"{number}"))
    snapshot(mqtt(count=3))
    enough.set()
    written = "".join(path.read_text("latin-1") for path in Path().rglob("*") if path.is_file())
    assert PASSWORD not in written
    assert QUOTED not in written


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"topics": []}, "topics: "),
        ({"topics": ["a/#/b"]}, "topics: "),
        ({"topics": ["a+"]}, "topics: "),
        ({"count": 0}, "count, seconds, bytes: "),
        ({"address": f"mqtt://me:{QUOTED}@127.0.0.1"}, "address: the name of an environment variable"),
    ],
)
def test_wrong_settings_are_told(wrong, said):
    with pytest.raises(InputError, match=f"^{said}") as caught:
        Mqtt(**({"path": "data/raw/plant", "topics": ["#"]} | wrong))
    assert QUOTED not in str(caught.value)


def test_messages_become_windows(broker):
    enough = broker.talk(lambda number: (f"plant/{number % 2}", json.dumps({"t": number, "at": number // 2})))
    source = mqtt(count=200)
    snapshot(source)
    enough.set()
    windows = Windows(
        readings=source, time="at", values=["t"], sensor="topic", clock=Clock("s"), every="1s", length="10s"
    )
    found = collect({"plant": windows}, "id", {"sensor": "category", "t_mean": "number", "series": "json"}, ["series"])
    assert set(found["sensor"]) == {"plant/0", "plant/1"}
    assert sum(int(count) for (count,) in cells(windows, "readings")) == 200
