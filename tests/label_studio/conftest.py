from __future__ import annotations

import fcntl
import re
import shutil
import socket
from collections.abc import Iterator
from http.cookiejar import CookieJar
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

import pytest

from stages.label_studio.account import Account
from stages.label_studio.server import migrate, running
from tests.e2e import datasets
from tests.e2e.project import Project, clone, new

HERE = Path(__file__).parent
LOOPBACK = "0100007F"  # 127.0.0.1, as Linux writes it
NAMED = ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY", "LABEL_STUDIO_SALT")
FIRST = Account("labeler@localhost", "only-for-tests", "0123456789abcdef0123456789abcdef01234567")


class Server:
    """A running Label Studio.

    Attributes
    ----------
    url, token
        Where it is, and the first account's token.
    port, account, home, media
        Its port, its first account, the folder with its data and its log, and the folder of files that it may serve.
    """

    def __init__(self, url: str, port: int, account: Account, home: Path, media: Path) -> None:
        self.url, self.port, self.account, self.home, self.media = url, port, account, home, media
        self.token = account.token

    def join(self, email: str) -> Account:
        """Sign up a further person, as they would in the browser."""
        opener = build_opener(HTTPCookieProcessor(jar := CookieJar()), ProxyHandler({}))
        page = opener.open(f"{self.url}/user/signup/").read().decode()
        [csrf] = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page))
        password = f"password of {email}"
        form = {"csrfmiddlewaretoken": csrf, "email": email, "password": password, "how_find_us": "", "elaborate": ""}
        opener.open(f"{self.url}/user/signup/", urlencode(form).encode()).read()
        assert "sessionid" in {cookie.name for cookie in jar}
        found = re.search(rb'"token": ?"(\w{40})"', opener.open(f"{self.url}/api/current-user/token").read())
        assert found
        return Account(email, password, found[1].decode())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and {"server", "template", "labelled"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _no_server_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the Label Studio of whoever runs the tests out of them."""
    for name in NAMED:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def template(request: pytest.FixtureRequest) -> Path:
    """Give an empty Label Studio's data: made once per machine and version, since it takes a minute and a half."""
    pytest.importorskip("label_studio", reason="pip install '.[label-studio]'")
    root = request.config.cache.mkdir("label-studio")  # type: ignore[union-attr]
    folder = root / version("label-studio")
    with open(root / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            migrate(folder)
    return folder


@pytest.fixture(scope="session")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a real Label Studio with one account and no project; shared, so make projects of your own titles."""
    home, port = home_of(template, tmp_path_factory.mktemp("label-studio")), free_port()
    media = home / "media"
    media.mkdir()
    with running(home, port, FIRST, media, backend=True) as started:
        yield Server(started.url, port, FIRST, home, media)


def home_of(template: Path, folder: Path) -> Path:
    shutil.copytree(template, folder / "data")
    return folder


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give a small project with a fitted model and a queue. Not to be changed: take `project`."""
    project = new(tmp_path_factory.mktemp("labelled") / "project")
    datasets.small(project)
    project.do(*project.in_order("collect", "clean", "split", "import_labels", "annotate", "export_tasks"))
    return project


@pytest.fixture
def project(labelled: Project, tmp_path: Path) -> Project:
    """Give a project of one's own, as `labelled`."""
    return clone(labelled, tmp_path / "project")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listening(port: int) -> list[str]:
    """The addresses that something listens on at this port, as Linux writes them."""
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    places = [line[1].split(":") for line in lines if line[3] == "0A"]
    return [address for address, number in places if int(number, 16) == port]


@pytest.fixture
def connected(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Let commands in this process find the server by the environment."""
    monkeypatch.setenv("LABEL_STUDIO_URL", server.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", server.token)
    return server
