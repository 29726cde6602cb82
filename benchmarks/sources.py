"""Snapshots of web pages on loopback and of a table in SQLite: seconds, CPU and memory; main text of saved pages.

python -m benchmarks.sources [--pages 500] [--rows 5000000]
python -m benchmarks.sources --saved FOLDER     # the main text of your own pages, FOLDER/*.html, alone
"""

from __future__ import annotations

import argparse
import os
import resource
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import chdir, closing, suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

from stages.sources import Sql, Web
from stages.sources.extraction import article
from stages.sources.requesting import Limits
from stages.sources.snapshots import snapshot

SENTENCE = "The council of town {n} has decided that the bridge will be open to everyone from the first day of spring. "


class Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass


def write_pages(count: int) -> None:
    for n in range(count):
        paragraphs = f"<p>{SENTENCE.format(n=n) * 4}</p>" * 8
        menu = "".join(f"<li><a href='{each}.html'>Page {each}</a></li>" for each in range(30))
        head, body = f"<head><title>Town {n}</title></head>", f"<ul>{menu}</ul><article>{paragraphs}</article>"
        Path(f"{n}.html").write_text(f"<html lang=en>{head}<body>{body}</body></html>", encoding="utf-8")


def web(count: int) -> None:
    write_pages(count)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    addresses = [f"http://127.0.0.1:{server.server_port}/{n}.html" for n in range(count)]
    started = time.monotonic()
    snapshot(Web(path="raw/pages", addresses=addresses, limits=Limits(delay=0, in_flight=8)))
    print(f"{count} pages on loopback, 8 in flight, with their main text: {time.monotonic() - started:.1f} s")
    server.shutdown()
    saved([Path(f"{n}.html") for n in range(count)])


def saved(paths: Sequence[Path]) -> None:
    pages = [(f"http://127.0.0.1/{path.name}", path.read_bytes()) for path in paths]
    size = sum(len(page) for _, page in pages) / len(pages) / 1000
    print(f"main text of {len(pages)} saved pages of {size:.0f} kB on average, pages per CPU-second:")
    for name, rate in rates(pages).items():
        print(f"    {rate:>4.0f}  {name}")


def rates(pages: Sequence[tuple[str, bytes]], turns: int = 5) -> dict[str, float]:
    """Pages per CPU-second, of ours and of trafilatura's own; in turns, since a shared machine's speed varies."""
    import trafilatura

    def read(address: str, page: bytes) -> None:
        with suppress(ValueError):  # which says that there is no main text
            article(page, None, address)

    ways: dict[str, Callable[[str, bytes], object]] = {
        "ours, with title, author, date and language": lambda address, page: read(address, page),
        "trafilatura as it comes, with metadata": lambda address, page: trafilatura.bare_extraction(
            page, url=address, with_metadata=True
        ),
        "trafilatura, text alone": lambda _, page: trafilatura.bare_extraction(page),
        "trafilatura, text alone, fast": lambda _, page: trafilatura.bare_extraction(page, fast=True),
    }
    spent = dict.fromkeys(ways, 0.0)
    for way in ways.values():
        way(*pages[0])
    for turn in range(turns):
        for name, way in ways.items():
            started = time.process_time()
            for address, page in pages[turn::turns]:
                way(address, page)
            spent[name] += time.process_time() - started
    return {name: len(pages) / seconds for name, seconds in spent.items()}


def sql(rows: int) -> None:
    with closing(sqlite3.connect("table.db")) as database, database:
        database.execute("CREATE TABLE narrow (id INTEGER, text TEXT, value REAL)")
        database.executemany("INSERT INTO narrow VALUES (?, ?, ?)", ((n, f"text {n}", n / 7) for n in range(rows)))
    Path("query.sql").write_text("SELECT * FROM narrow", encoding="utf-8")
    os.environ["LABELMILL_SQL"] = "sqlite:///table.db"
    started = time.process_time()
    snapshot(Sql(path="raw/table", query="query.sql"))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{rows:,} narrow rows of SQLite: {time.process_time() - started:.1f} s CPU, {memory} MB at most")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--saved", type=Path)
    options = parser.parse_args()
    if options.saved:
        saved(sorted(options.saved.glob("*.html")))
        return
    with TemporaryDirectory() as folder, chdir(folder):
        sql(options.rows)
        web(options.pages)


if __name__ == "__main__":
    main()
