"""Web pages: their main text, or rows of their lists and tables."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from stages import InputError
from stages.sources.base import Rows
from stages.sources.extraction import ExtractionError, Extractor
from stages.sources.json_records import read_json_lines
from stages.sources.requesting import Limits, MissedError, Page, RefusedError, Visitor, checked
from stages.sources.snapshots import Draft, Item, fetched
from stages.tables import write_lines

RECORDS = "records.jsonl"
SITEMAPS = 100  # of one index
_HTML = ("text/html", "application/xhtml+xml", "")


@dataclass(frozen=True)
class Selected:
    """Rows of a page, by XPath: one for `each` element found, with `fields` that begin at it."""

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}
    each: str
    fields: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Web:
    """One record a page (`address`, `title`, `author`, `date`, `language`, `text`), or the rows of its lists or tables.

    Pages are kept as they were sent, below the snapshot's folder. robots.txt is obeyed.

    Parameters
    ----------
    path
        The folder of the snapshot: `data/raw/<name>`.
    addresses
        Pages to fetch.
    sitemap
        The address of a sitemap, or of an index of them, whose pages are fetched too.
    depth
        How many links may lead from these pages to another; 0 for these pages alone.
    count
        The most pages to ask for, in the order in which they are found.
    hosts
        Further hosts that links and redirects may lead to, such as `www.example.org`; those of `addresses` and
        `sitemap` are allowed. A port is part of a host.
    agent
        Who we say we are; write an address of yours into it. robots.txt is read for its first word.
    rows
        Take rows instead of the main text: their columns are `address` and the fields.
    limits
        As in `Limits`.
    """

    path: str
    addresses: Sequence[str] = ()
    sitemap: str | None = None
    depth: int = 0
    count: int = 1000
    hosts: Sequence[str] = ()
    agent: str = "labelmill"
    rows: Selected | None = None
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not self._starts():
            raise InputError("addresses: name a page, or a sitemap")
        for number, address in enumerate(self._starts(), 1):
            try:
                checked(address)
            except RefusedError as error:
                raise InputError(f"addresses: number {number} is {error}") from None
        if self.depth < 0 or self.count < 1:
            raise InputError(f"depth, count: 0 or more and 1 or more are expected, found {self.depth} and {self.count}")
        if not self.agent.isascii() or not self.agent.isprintable() or not self.agent.strip():
            raise InputError(f"agent: a line of ASCII is expected, found {self.agent!r}")
        if self.rows and "address" in self.rows.fields:
            raise InputError("rows.fields: 'address' is the page's own; give the field another name")

    def asked(self) -> Any:
        chosen = asdict(self.rows) if self.rows else None
        return [list(self.addresses), self.sitemap, self.depth, self.count, sorted(self.hosts), chosen]

    def fetch(self, draft: Draft) -> None:
        """Fetch the pages that the draft lacks, and take records out of all.

        Raises
        ------
        InputError
            The sitemap cannot be had, or trafilatura is not installed.
        """
        (draft.folder / "pages").mkdir(exist_ok=True)
        hosts = {checked(each).netloc.lower() for each in self._starts()} | {each.lower() for each in self.hosts}
        with Extractor(self.limits.seconds) as extractor, closing(Visitor(self.agent, hosts, self.limits)) as visitor:
            if self.rows and (wrong := extractor.call("check", self.rows.each, *self.rows.fields.values())):
                raise InputError(f"rows: {wrong!r} is not XPath; such as //table[@id='prices']//tr[td], and td[1]")
            level = list(dict.fromkeys(each.partition("#")[0] for each in self.addresses))
            level += [each for each in self._listed(visitor, extractor) if each not in set(level)]
            seen: set[str] = set()
            for depth in range(self.depth + 1):
                level = level[: self.count - len(seen)]
                seen.update(level)
                pages = self._pages(level, visitor, draft)
                if depth < self.depth:
                    found = dict.fromkeys(link for page in pages for link in _links(page, draft, extractor))
                    level = [link for link in found if link not in seen and _host(link) in hosts]
            self._extract(draft, extractor)

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Read the named columns of all records from the snapshot.

        Raises
        ------
        InputError
            There is no snapshot, or a column is not there.
        """
        for item, path in fetched(self):
            if item.item == RECORDS:
                with open(path, "rb") as stream:
                    for lines, table in read_json_lines(stream, path.as_posix(), columns, encoding="utf-8"):
                        yield Rows(path.as_posix(), "", lines, table)

    def _starts(self) -> list[str]:
        return [*self.addresses, *([self.sitemap] if self.sitemap else [])]

    def _listed(self, visitor: Visitor, extractor: Extractor) -> list[str]:
        """The pages of the sitemap, and of those that it lists."""
        waiting, pages = [self.sitemap] if self.sitemap else [], dict[str, None]()
        asked: list[str] = []
        while waiting and len(asked) < SITEMAPS and len(pages) < self.count:
            asked.append(address := waiting.pop(0))
            try:
                found, maps = extractor.call("sitemap", _opened(visitor.get(address), self.limits.bytes))
            except (MissedError, RefusedError, ExtractionError) as error:
                raise InputError(f"sitemap {_shown(address)}: {error}") from error
            pages.update(dict.fromkeys(page.partition("#")[0] for page in found))
            waiting += [each for each in dict.fromkeys(maps) if each not in asked and each not in waiting]
        return list(pages)

    def _pages(self, addresses: Sequence[str], visitor: Visitor, draft: Draft) -> list[Item]:
        """Fetch what is not there yet; the items of the pages that are, in the order of their addresses."""

        def get(address: str) -> Page | Exception | None:
            if address in draft.items:
                return None
            try:
                return visitor.get(address)
            except (MissedError, RefusedError) as error:
                return error

        items = []
        with ThreadPoolExecutor(self.limits.in_flight) as pool:
            for address, answer in zip(addresses, pool.map(get, addresses), strict=True):
                if answer is None:
                    item = draft.items[address]
                elif isinstance(answer, Page):
                    item = _kept(address, answer, draft)
                else:
                    status = "refused" if isinstance(answer, RefusedError) else "failed"
                    item = draft.miss(_shown(address), str(answer), status)  # type: ignore[arg-type]
                items += [item] if item.file else []
        return items

    def _extract(self, draft: Draft, extractor: Extractor) -> None:
        """Write the records of all pages, sorted by address; of several that redirect to one page, the first."""
        pages = {
            str(item.about["address"]): item for item in draft.items.values() if item.file and item.item != RECORDS
        }
        records: list[Mapping[str, str | None]] = []
        for address, item in sorted(pages.items()):
            data, charset = (draft.folder / str(item.file)).read_bytes(), item.about["charset"]
            try:
                if self.rows:
                    found = extractor.call("rows", data, charset, self.rows.each, self.rows.fields)
                else:
                    found = [extractor.call("article", data, charset, address)]
            except ExtractionError as error:
                draft.miss(f"{item.item} ({'rows' if self.rows else 'text'})", str(error))
                continue
            records += [{"address": address, **each} for each in found]
        if pages and not records:
            raise InputError(f"no record is in any of {len(pages)} pages; {draft.folder}/pages holds them")
        if records:
            write_lines(draft.folder / RECORDS, records)
            draft.keep(RECORDS, RECORDS, records=len(records))


def _kept(address: str, page: Page, draft: Draft) -> Item:
    if page.type not in _HTML:
        return draft.miss(address, f"not a page, but {page.type[:100]}")
    file = f"pages/{hashlib.sha256(address.encode()).hexdigest()[:16]}.html"
    Path(draft.folder, file).write_bytes(page.data)
    return draft.keep(address, file, address=page.address, charset=page.charset)


def _links(item: Item, draft: Draft, extractor: Extractor) -> list[str]:
    data = (draft.folder / str(item.file)).read_bytes()
    try:
        return list(extractor.call("links", data, item.about["charset"], item.about["address"]))
    except ExtractionError as error:
        draft.miss(f"{item.item} (links)", str(error))
        return []


def _host(address: str) -> str | None:
    try:
        return checked(address).netloc.lower()
    except RefusedError:
        return None


def _shown(address: str) -> str:
    """An address for the manifest; one that holds a password is not shown."""
    return address if _host(address) or "@" not in address else "an address with a user's name or a password"


def _opened(page: Page, largest: int) -> bytes:
    """A sitemap may be a gzip file."""
    if not page.data.startswith(b"\x1f\x8b"):
        return page.data
    try:
        with gzip.open(io.BytesIO(page.data)) as stream:
            data = stream.read(largest + 1)
    except (OSError, EOFError) as error:
        raise MissedError("a damaged gzip file") from error
    if len(data) > largest:
        raise MissedError(f"more than {largest:,} bytes")
    return data
