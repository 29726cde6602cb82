"""What is in a web page, read in a process that can be killed: pages exist that no parser gets through."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import urljoin

from stages import InputError
from stages.sources.metadata import metadata

MEMORY = 4 << 30  # bytes of address space

ARTICLE = ("title", "author", "date", "language", "text")


class ExtractionError(Exception):
    """A page's content could not be taken out."""


class Extractor:
    """Calls the functions below in another process, which begins anew after it was killed; a context manager."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> Extractor:
        import importlib.util

        if importlib.util.find_spec("trafilatura") is None:
            raise InputError("web pages need trafilatura: pip install '.[web]'")
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def call(self, name: str, *arguments: Any) -> Any:
        """Call one of the functions below by its name.

        Raises
        ------
        ExtractionError
            It failed, or took too long.
        """
        try:
            self._pipe.send((name, arguments))
            if self._pipe.poll(self.seconds):
                done, answer = self._pipe.recv()
                if done:
                    return answer
                raise ExtractionError(answer)
            why = f"takes more than {self.seconds:g} s"
        except (EOFError, OSError):
            why = "ends the process, which has as much memory as it may"
        self._stop()
        self._start()
        raise ExtractionError(why)

    def _start(self) -> None:
        context = multiprocessing.get_context("forkserver")  # another after a kill starts at once
        context.set_forkserver_preload(["trafilatura"])
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other,), daemon=True)
        self._process.start()
        other.close()
        if not self._pipe.poll(60) or self._pipe.recv() != "ready":
            raise ExtractionError("the process that reads pages does not start")

    def _stop(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _serve(pipe: Connection) -> None:
    import resource
    import signal

    import trafilatura  # noqa: F401  # before the first page, whose time it is not

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that called
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    pipe.send("ready")
    while True:
        try:
            name, arguments = pipe.recv()
        except EOFError:
            return
        try:
            answer = {each.__name__: each for each in (check, links, sitemap, article, rows)}[name](*arguments)
        except ValueError as error:
            pipe.send((False, str(error) or type(error).__name__))
        except Exception as error:  # whatever a hostile page makes of a parser
            pipe.send((False, f"cannot be read ({type(error).__name__})"))
        else:
            pipe.send((True, answer))


def decoded(data: bytes, charset: str | None) -> str | bytes:
    """The text, if the server names a charset that fits; else the bytes, for the parser to find out."""
    try:
        return data.decode(charset) if charset else data
    except (LookupError, UnicodeError, ValueError):
        return data


def check(*paths: str) -> str | None:
    """The first that is not XPath."""
    from lxml import etree

    for path in paths:
        try:
            etree.XPath(path)
        except etree.XPathSyntaxError:
            return path
    return None


def links(data: bytes, charset: str | None, address: str) -> list[str]:
    """The addresses that a page links to, in their order, but those with `nofollow`."""
    tree = _tree(data, charset)
    if tree.xpath("//meta[@name='robots'][contains(@content, 'nofollow')]"):
        return []
    base = urljoin(address, next(iter(tree.xpath("//base/@href")), ""))
    found = tree.xpath("//a[@href][not(contains(@rel, 'nofollow'))]/@href")
    return list(dict.fromkeys(each for link in found if (each := _joined(base, link.strip()))))


def sitemap(data: bytes) -> tuple[list[str], list[str]]:
    """The pages and the further sitemaps that a sitemap lists, as sitemaps.org has it."""
    from lxml import etree

    tree = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    pages, maps = (
        tree.xpath(f"/*/*[local-name()='{kind}']/*[local-name()='loc']/text()") for kind in ("url", "sitemap")
    )
    return [str(each).strip() for each in pages], [str(each).strip() for each in maps]


def article(data: bytes, charset: str | None, address: str) -> dict[str, str | None]:
    """Main text, title, author, date (ISO 8601) and language of a page, by trafilatura.

    Date and language are what the markup or the address says; a date in the prose is not guessed to be the page's.
    """
    import trafilatura

    tree: Any = trafilatura.load_html(decoded(data, charset))
    found: Any = None if tree is None else trafilatura.bare_extraction(tree, options=_options())
    if found is None or not found.text:
        raise ValueError("no main text")
    language = next(iter(tree.xpath("/html/@lang")), None)
    return dict.fromkeys(ARTICLE) | {
        **metadata(tree, address),
        "language": str(language) if language else None,
        "text": found.text,
    }


@cache
def _options() -> Any:
    from trafilatura.settings import Extractor

    return Extractor(output_format="python")  # which bare_extraction would make for each page


def rows(data: bytes, charset: str | None, each: str, fields: Mapping[str, str]) -> list[dict[str, str | None]]:
    """One row for each element that an XPath finds; a field's XPath begins at the element."""
    elements = _tree(data, charset).xpath(each)
    if not elements:
        raise ValueError("no element")
    return [{name: _text(element.xpath(path)) for name, path in fields.items()} for element in elements]


def _text(found: Any) -> str | None:
    """The text of the first element or attribute found, with spaces as a browser shows them."""
    if isinstance(found, Sequence) and not isinstance(found, str):
        if not found:
            return None
        found = found[0]
    text = found if isinstance(found, str) else found.text_content() if hasattr(found, "text_content") else str(found)
    return " ".join(text.split())


def _tree(data: bytes, charset: str | None) -> Any:
    from lxml import html
    from trafilatura.utils import decode_file

    text = decoded(data, charset)
    text = text if isinstance(text, str) else decode_file(text)
    return html.document_fromstring(text.encode("utf-8", "replace"), html.HTMLParser(encoding="utf-8"))


def _joined(base: str, link: str) -> str | None:
    try:
        return urljoin(base, link).partition("#")[0]
    except ValueError:
        return None
