from __future__ import annotations

import socket
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from stages import InputError
from stages.label_studio import client, media
from stages.label_studio.account import kept
from stages.label_studio.server import AlreadyRunning, healthy, running
from stages.media import Store
from tests.label_studio.conftest import FIRST, LOOPBACK, Server, free_port, home_of, listening

INTERFACE = '<View><Image name="image" value="$image"/></View>'


def test_a_server_starts_stops_and_finds_its_data_again(template: Path, tmp_path: Path, monkeypatch) -> None:
    home, port = home_of(template, tmp_path), free_port()
    monkeypatch.setenv("LABEL_STUDIO_PORT", "1")  # settings of another server are none of this one's business
    with running(home, port, FIRST, tmp_path) as first:
        assert healthy(port)
        command = Path(f"/proc/{first.process.pid}/cmdline").read_bytes().decode()
        assert first.url.rpartition(":")[2] in command
        assert FIRST.password not in command
        assert FIRST.token not in command
        named = pytest.raises(AlreadyRunning, match=f"as process {first.process.pid}$")
        with named, running(home, free_port(), FIRST, tmp_path):
            pass
        made = client.reach(first.url, FIRST.token).once(lambda api: api.projects.create(title="kept")).id
    assert first.process.poll() is not None
    assert not healthy(port)
    with running(home, port, FIRST, tmp_path) as again:
        assert client.reach(again.url, FIRST.token).once(lambda api: api.projects.get(id=made)).title == "kept"
        again.process.kill()
        with pytest.raises(InputError, match="ended by itself"):
            again.wait()


def test_a_server_listens_on_loopback_alone(server: Server) -> None:
    assert listening(server.port) == [LOOPBACK]


def test_a_taken_port_is_an_error_and_nothing_is_started(tmp_path: Path) -> None:
    pytest.importorskip("label_studio", reason="pip install '.[label-studio]'")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"^port {port} of 127.0.0.1 cannot be used: .*--port"):
            running(tmp_path, port, FIRST, tmp_path).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_without_label_studio_the_error_says_how_to_get_it(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "label_studio", None)
    with pytest.raises(InputError, match="make label"):
        running(tmp_path, free_port(), FIRST, tmp_path).__enter__()
    assert not list(tmp_path.iterdir())


def test_a_server_that_cannot_start_says_why_and_where_to_look(template: Path, tmp_path: Path) -> None:
    home, port = home_of(template, tmp_path), free_port()
    for database in (home / "data").glob("*.sqlite3"):
        database.write_bytes(b"no database" * 1000)
    with pytest.raises(InputError, match=r"ended before it was ready: .*database.*server\.log"):
        running(home, port, FIRST, tmp_path).__enter__()
    with running(home_of(template, tmp_path / "other"), port, FIRST, tmp_path):  # nothing was left on the port
        pass


def test_files_below_the_shared_folder_are_served_to_people_who_are_logged_in_and_no_others(
    server: Server, tmp_path: Path
) -> None:
    clean = server.media / "clean"
    store = Store(tmp_path / "clean/records", "clean/records")
    for name in "xyz":
        store.put(name, ".png", b"\x89PNG and so on")
    store.pack(most=2)  # into tar shards
    shown = [{"data": {"record": "x", "image": f"{media.ADDRESS}clean/records/_media/x.png"}}]
    media.bring(shown, tmp_path, server.media)
    (server.media / "secret.txt").write_text("secret")
    connection = client.reach(server.url, server.token)
    project = connection.once(lambda api: api.projects.create(title="media", label_config=INTERFACE)).id
    for _ in range(2):
        media.share(connection, project, clean)
    assert len(connection.once(lambda api: api.import_storage.local.list(project=project))) == 1
    assert fetch(server, "clean/records/_media/x.png", server.token) == b"\x89PNG and so on"
    for path in ("secret.txt", "clean/../secret.txt", "../label-studio/data/.env", "/etc/hostname", "clean/none.png"):
        with pytest.raises(HTTPError) as refused:
            fetch(server, path, server.token)
        assert refused.value.code in (400, 403, 404, 500), path
        assert b"secret" not in refused.value.read(), path
    with pytest.raises(HTTPError) as refused:
        fetch(server, "clean/records/_media/x.png", None)
    assert refused.value.code == 401


def fetch(server: Server, path: str, token: str | None) -> bytes:
    headers = {"Authorization": f"Token {token}"} if token else {}
    address = f"{server.url}/data/local-files/?d={path}"
    return build_opener(ProxyHandler({})).open(Request(address, headers=headers)).read()


def test_an_account_is_made_once_and_its_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "account.json"
    account = kept(path)
    assert kept(path) == account
    assert path.stat().st_mode & 0o777 == 0o600
    assert [len(account.token), len(account.password) >= 12] == [40, True]
    assert kept(tmp_path / "another.json").token != account.token
    assert account.token not in repr(account)
    assert account.password not in repr(account)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"email": "x"}', '"x"'])
def test_a_broken_account_file_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "account.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"account\.json"):
        kept(path)
