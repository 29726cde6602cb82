"""Web pages as a snapshot, from a real server on loopback that misbehaves."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from stages import InputError
from stages.configuration import instantiate
from stages.sources import Web, collect, robots
from stages.sources.extraction import ExtractionError, Extractor, article
from stages.sources.metadata import metadata
from stages.sources.requesting import Limits
from stages.sources.snapshots import MANIFEST, Item, snapshot
from stages.sources.web import Selected

WORDS = "The council has decided that the bridge will be open to everyone from the first day of the coming spring. " * 4
QUICK = Limits(bytes=100_000, seconds=1.5, retries=2, delay=0)


def page(title: str, *links: str, words: str = WORDS) -> str:
    anchors = "".join(f'<a href="{link}">more</a> ' for link in links)
    return (
        f'<html lang="en"><head><title>{title}</title></head><body><article><h1>{title}</h1><p>{words}</p>'
        f"<p>{title}. {words}</p></article><nav>{anchors}</nav></body></html>"
    )


class Server:
    """Answers what a test declares; counts what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: Counter[str] = Counter()
        self.agents: set[str] = set()
        self.times: list[float] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked[self.path] += 1
                server.agents.add(self.headers["User-Agent"])
                server.times.append(time.monotonic())
                answer = server.answers.get(self.path, 404)
                try:
                    if callable(answer):
                        answer(self)
                    elif isinstance(answer, int):
                        server.send(self, b"", answer)
                    else:
                        server.send(self, answer if isinstance(answer, bytes) else answer.encode())
                except (ConnectionError, TimeoutError):
                    pass

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.host = f"127.0.0.1:{self.http.server_port}"
        self.root = f"http://{self.host}"

    @staticmethod
    def send(to: BaseHTTPRequestHandler, data: bytes, status: int = 200, **headers: str) -> None:
        to.send_response(status)
        for name, value in {"Content_Type": "text/html", "Content_Length": str(len(data)), **headers}.items():
            to.send_header(name.replace("_", "-"), value)
        to.end_headers()
        to.wfile.write(data)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.chdir(tmp_path)
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.http.shutdown()
    server.http.server_close()


def web(server: Server, *paths: str, **settings: Any) -> Web:
    settings = {"limits": QUICK, **settings}
    return Web(path="data/raw/pages", addresses=[server.root + path for path in paths], **settings)


def fetched(source: Web, server: Server) -> dict[str, Item]:
    return {item.item.removeprefix(server.root): item for item in snapshot(source)}


def why(items: dict[str, Item]) -> dict[str, str | None]:
    return {name: item.why for name, item in items.items() if item.status != "fetched"}


def pages(items: dict[str, Item]) -> list[str]:
    return sorted(name for name, item in items.items() if item.file and name.startswith("/"))


def records(source: Web, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for rows in source.read(columns) for row in rows.table.to_pylist()]


@pytest.mark.slow
def test_a_page_becomes_a_record_and_stays_as_it_was_sent(server):
    server.answers["/a"] = page("Bridge opens")
    source = web(server, "/a", agent="labelmill-tests (me@example.org)")
    items = fetched(source, server)
    assert Path("data/raw/pages", str(items["/a"].file)).read_text() == page("Bridge opens")
    ((address, title, language, text),) = records(source, "address", "title", "language", "text")
    assert (address, title, language) == (f"{server.root}/a", "Bridge opens", "en")
    assert WORDS.strip() in text
    assert "more" not in text
    assert server.agents == {"labelmill-tests (me@example.org)"}
    collected = collect({"pages": source}, "address", {"text": "text"}, ["text"])
    assert collected["id"].tolist() == [f"{server.root}/a"]


@pytest.mark.parametrize(
    ("head", "date"),
    [('<meta property="article:published_time" content="2026-03-01T10:00:00Z">', "2026-03-01"), ("", None)],
)
def test_a_date_is_that_of_the_markup_and_not_of_the_prose(head, date, server):
    prose = f"On 4 May 2019 they met, date: 3/4/2018. {WORDS}"
    server.answers["/a"] = page("A", words=prose).replace("</head>", f"{head}</head>")
    source = web(server, "/a")
    snapshot(source)
    assert records(source, "date") == [(date,)]


@pytest.mark.parametrize(
    ("inside", "facts"),
    [
        (
            '<p class="byline">Ada <b>Lovelace</b></p><time datetime="2025-02-03">Monday</time>',
            ("Ada Lovelace", "2025-02-03"),
        ),
        (
            '<div class="post-meta"><span>4 May 2024</span> <a rel="author" href="/">Ada Lovelace</a></div>',
            ("Ada Lovelace", "2024-05-04"),
        ),
        ('<div class="comments"><span class="author">Some Body</span></div>', (None, None)),
        (f'<div class="author-page">{WORDS}</div>', (None, None)),
        (
            '<script type="application/ld+json">{"@context": "https://schema.org", "@type": "Article", '
            '"author": {"@type": "Person", "name": "Ada Lovelace"}, "datePublished": "2025-02-03"}</script>',
            ("Ada Lovelace", "2025-02-03"),
        ),
    ],
)
def test_an_author_and_a_date_are_those_that_trafilatura_finds_in_the_whole_page(inside, facts):
    trafilatura = pytest.importorskip("trafilatura")
    tree = trafilatura.load_html(page("Bridge").replace("<article>", f"<article>{inside}"))
    before = trafilatura.extract_metadata(tree, "http://127.0.0.1/", {"extensive_search": False, "original_date": True})
    found = metadata(tree, "http://127.0.0.1/")
    assert (found["author"], found["date"]) == (before.author, before.date) == facts
    assert found["title"] == before.title


def test_the_text_is_the_one_of_trafilatura_as_it_comes():
    trafilatura = pytest.importorskip("trafilatura")
    html = page("Bridge opens", *"abc")
    assert article(html.encode(), "utf-8", "http://127.0.0.1/")["text"] == trafilatura.bare_extraction(html).text


def test_rows_of_a_table_are_taken_by_selectors(server):
    cells = "".join(
        f'<tr><td> {name}\n x</td><td class="p">{price}</td></tr>' for name, price in [("a", "1"), ("b", "")]
    )
    server.answers["/a"] = f"<html><body><table id=t><tr><th>head</th></tr>{cells}</table></body></html>"
    rows = {"each": "//table[@id='t']//tr[td]", "fields": {"name": "td[1]", "class": "td[2]/@class", "none": "td[9]"}}
    settings = {"path": "data/raw/pages", "addresses": [f"{server.root}/a"], "rows": rows, "limits": {"delay": 0}}
    source = instantiate({"_target_": "stages.sources.Web", **settings}, "sources.pages")
    snapshot(source)
    assert records(source, "name", "class", "none") == [("a x", "p", None), ("b x", "p", None)]


def test_a_selector_that_is_not_xpath_stops_before_any_request(server):
    with pytest.raises(InputError, match=r"rows: '//\[' is not XPath"):
        snapshot(web(server, "/a", rows=Selected("//[", {})))
    assert not server.asked


def test_what_a_server_does_wrong_is_told_page_by_page_and_the_rest_is_kept(server):
    def redirect(to: str) -> Callable[[Any], None]:
        return lambda request: server.send(request, b"", 302, Location=to)

    def endless(request: Any) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"<p>more</p>" * 1000)

    def slow(request: Any) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "text/html")
        request.end_headers()
        for _ in range(40):
            request.wfile.write(b"<p>")
            request.wfile.flush()
            time.sleep(0.1)

    def cut(request: Any) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(b"<p>")
        request.wfile.flush()
        request.connection.close()

    bomb = gzip.compress(bytes(50_000_000))
    server.answers |= {
        "/good": page("Good"),
        "/loop": redirect("/loop"),
        "/away": redirect("http://127.0.0.2/secret"),
        "/file": redirect("file:///etc/passwd"),
        "/login": redirect(f"http://me:hunter2@{server.host}/good"),
        "/moved": redirect("/good"),
        "/endless": endless,
        "/slow": slow,
        "/cut": cut,
        "/cut-gzip": lambda request: server.send(
            request, gzip.compress(page("x").encode())[:-20], Content_Encoding="gzip"
        ),
        "/bomb": lambda request: server.send(request, bomb, Content_Encoding="gzip"),
        "/not-gzip": lambda request: server.send(request, b"plain", Content_Encoding="gzip"),
        "/brotli": lambda request: server.send(request, b"x", Content_Encoding="br"),
        "/picture": lambda request: server.send(request, b"\x89PNG", Content_Type="image/png"),
        "/broken": 500,
        "/wait": lambda request: server.send(request, b"", 429, Retry_After="3600"),
        "/empty": "",
        "/deep": "<div>" * 10_000 + WORDS,
    }
    source = web(server, *server.answers, "/absent")
    items = fetched(source, server)
    assert why(items) == {
        "/loop": "more than 5 redirects",
        "/away": "another host, 127.0.0.2, which `hosts` does not name",
        "/file": "not an address that begins with http:// or https://",
        "/login": "an address with a user's name or a password",
        "/endless": "more than 100,000 bytes",
        "/slow": "takes more than 1.5 s",
        "/cut": "no answer (RemoteProtocolError)",
        "/cut-gzip": "no answer (RemoteProtocolError)",
        "/bomb": "more than 100,000 bytes",
        "/not-gzip": "not an answer that can be read (error)",
        "/brotli": "packed as 'br', which we did not ask for",
        "/picture": "not a page, but image/png",
        "/broken": "status 500",
        "/wait": "status 429, and asks to wait 3600 s",
        "/absent": "status 404",
        "/empty (text)": "no main text",
        "/deep (text)": "no main text",
    }
    assert pages(items) == ["/deep", "/empty", "/good", "/moved"]
    assert records(source, "title") == [("Good",)]
    assert {items[name].status for name in ("/away", "/file", "/login")} == {"refused"}
    assert server.asked["/broken"] == server.asked["/cut"] == 3
    assert server.asked["/wait"] == server.asked["/bomb"] == 1
    assert "hunter2" not in Path("data/raw/pages", MANIFEST).read_text()


def test_a_server_that_asks_to_wait_is_asked_again_later(server):
    def busy(request: Any) -> None:
        if server.asked["/a"] == 1:
            server.send(request, b"", 429, Retry_After="1")
        else:
            server.send(request, page("Now").encode())

    server.answers["/a"] = busy
    assert pages(fetched(web(server, "/a"), server)) == ["/a"]
    assert server.times[-1] - server.times[-2] >= 1


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (page("Straße", words=WORDS).encode("latin-1"), "text/html; charset=ISO-8859-1"),
        (page("Straße", words=WORDS).encode("latin-1"), "text/html; charset=utf-8"),
        (page("Straße", words=WORDS).encode("utf-8"), "text/html; charset=no-such-thing"),
        (page("Straße", words=WORDS).encode("utf-16"), "text/html; charset=utf-16"),
    ],
)
def test_a_wrong_encoding_does_not_garble_a_page(data, kind, server):
    server.answers["/a"] = lambda request: server.send(request, data, Content_Type=kind)
    source = web(server, "/a")
    snapshot(source)
    assert records(source, "title") == [("Straße",)]


def test_robots_are_obeyed_for_redirects_too(server):
    server.answers |= {
        "/robots.txt": "User-agent: other\nDisallow: /\n\n"
        "User-agent: labelmill\nDisallow: /private\nAllow: /private/open",
        "/private/open": page("Open"),
        "/private/shut": page("Shut"),
        "/way-in": lambda request: server.send(request, b"", 301, Location="/private/shut"),
    }
    items = fetched(web(server, "/private/open", "/private/shut", "/way-in"), server)
    assert why(items) == {"/private/shut": "robots.txt", "/way-in": "robots.txt"}
    assert server.asked["/private/shut"] == 0
    assert server.asked["/robots.txt"] == 1


def test_robots_that_fail_forbid_all(server):
    server.answers |= {"/robots.txt": 503, "/a": page("A")}
    with pytest.raises(InputError, match=r"nothing was fetched .*/a: robots\.txt cannot be had: status 503"):
        snapshot(web(server, "/a", limits=Limits(retries=0, delay=0)))
    assert server.asked["/a"] == 0


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("User-agent: *\nDisallow: /a", "/ab", False),
        ("User-agent: *\nDisallow: /a$", "/ab", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x.pdf?y", True),
        ("User-agent: *\nDisallow: /a*b*c", "/a1b2c3", False),
        ("User-agent: *\nDisallow: /\nAllow: /", "/a", True),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /%7Ejoe", "/~joe", False),
        ("User-agent: x\nUser-agent: LabelMill/2.0 # ours\nDisallow: /", "/a", False),
        ("User-agent: labelmill\nAllow: /\n\nUser-agent: *\nDisallow: /", "/a", True),
        ("User-agent: labelmill\nDisallow: /a\n\nUser-agent: labelmill\nDisallow: /b", "/a", False),
        ("\ufeffuser-agent:*\r\ndisallow:/a", "/a", False),
        ("Disallow: /", "/a", True),
        ("<html>not found</html>", "/a", True),
        ("User-agent: *\nDisallow: /" + "*a" * 2000 + "b", "/" + "a" * 4000, True),
    ],
)
def test_robots_are_read_as_the_rfc_says(text, path, allowed):
    assert robots.parse(text, "labelmill").allow(path) is allowed


def test_requests_to_a_host_keep_their_distance(server):
    server.answers |= {"/robots.txt": "User-agent: *\nCrawl-delay: 0.3"} | {f"/{n}": page(f"T{n}") for n in range(3)}
    snapshot(web(server, "/0", "/1", "/2"))
    first, *others = server.times[1:]
    assert all(later - earlier > 0.25 for earlier, later in zip([first, *others], others, strict=False))


def test_a_crawl_ends_at_its_depth_its_count_and_its_host(server):
    for n in range(6):
        server.answers[f"/{n}"] = page(
            f"T{n}", f"/{n + 1}#part", f"/{n + 1}", "http://127.0.0.2/", "mailto:me@example.org"
        )
    assert pages(fetched(web(server, "/0", depth=2), server)) == ["/0", "/1", "/2"]
    assert pages(fetched(web(server, "/0", depth=9, count=2), server)) == ["/0", "/1"]
    assert sum(server.asked.values()) == 5 + 2


def test_a_sitemap_and_those_it_lists_are_followed(server):
    def listing(kind: str, *addresses: str) -> str:
        items = "".join(f"<{kind}><loc>{server.root}{each}</loc></{kind}>" for each in addresses)
        return f'<?xml version="1.0"?><set xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{items}</set>'

    server.answers |= {"/map": listing("sitemap", "/map", "/more.gz"), "/a": page("A"), "/b": page("B")}
    server.answers["/more.gz"] = gzip.compress(listing("url", "/a", "/b", "/a").encode())
    source = Web(path="data/raw/pages", sitemap=f"{server.root}/map", limits=QUICK)
    assert pages(fetched(source, server)) == ["/a", "/b"]
    server.answers["/map"] = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x><url><loc>&e;</loc></url></x>'
    with pytest.raises(InputError):
        snapshot(source)
    assert pages_of_last_snapshot() == 2


def pages_of_last_snapshot() -> int:
    return len(list(Path("data/raw/pages/pages").iterdir()))


def test_an_interrupted_run_goes_on_where_it_was(server, monkeypatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    server.answers |= {"/a": page("A"), "/b": page("B")}
    source = web(server, "/a", "/b")
    with monkeypatch.context() as patched:
        patched.setattr(Web, "_extract", interrupt)
        with pytest.raises(KeyboardInterrupt):
            snapshot(source)
    with open(f"data/raw/.pages.fetching/{MANIFEST}", "a") as manifest:
        manifest.write('{"item": "cut')
    del server.answers["/a"]
    assert pages(fetched(source, server)) == ["/a", "/b"]
    assert server.asked["/a"] == server.asked["/b"] == 1
    assert [json.loads(line)["status"] for line in Path("data/raw/pages", MANIFEST).read_text().splitlines()[1:]] == [
        "fetched"
    ] * 3


def test_a_process_that_hangs_is_killed_and_the_next_page_is_read():
    address = "http://127.0.0.1/"
    with Extractor(0.0001) as extractor:
        with pytest.raises(ExtractionError, match="takes more than"):
            extractor.call("article", page("x", words=WORDS * 500).encode(), None, address)
        extractor.seconds = 30
        assert extractor.call("article", page("Well").encode(), None, address)["title"] == "Well"
        extractor._process.kill()
        with pytest.raises(ExtractionError, match="ends the process"):
            extractor.call("links", b"<a href=/x>", None, address)
        assert extractor.call("links", b"<a href=/x>", None, address) == [f"{address}x"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "name a page"),
        ({"addresses": ["http://me:hunter2@127.0.0.1/"]}, "number 1 is an address with a user's name or a password"),
        ({"addresses": ["file:///etc/passwd"]}, "number 1 is not an address"),
        ({"addresses": ["http://[x/"]}, "number 1 is not an address"),
        ({"addresses": ["http://127.0.0.1/"], "count": 0}, "count"),
        ({"addresses": ["http://127.0.0.1/"], "agent": "a\nb"}, "agent"),
    ],
)
def test_a_wrong_setting_is_told_without_a_password(settings, said):
    with pytest.raises(InputError, match=said) as caught:
        Web(path="data/raw/pages", **settings)
    assert "hunter2" not in str(caught.value)
