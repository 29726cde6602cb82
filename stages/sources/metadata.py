"""Title, author and date of a web page, from the parts of it that can tell them."""

from __future__ import annotations

from functools import cache
from typing import Any

FACTS = ("title", "author", "date")
TAGS = ("h1", "h2", "time", "abbr", "author", "script")  # that may tell whatever their attributes are
ATTRIBUTES = ("class", "id", "itemprop", "rel", "data-component", "data-testid")  # that say what an element tells
WORDS = (  # in those attributes, that trafilatura or htmldate looks for, in small letters
    *("author", "autor", "byl", "bbl", "writer", "journalist", "screenname", "username", "channel-name"),
    *("posted", "submitted", "zuozhe", "bianji", "title", "headline", "date", "datum", "fecha", "time", "publi"),
    *("parution", "clock", "calendar", "created", "subline", "lastmod", "info", "meta", "footer", "field-content"),
)
LONGEST = 200  # characters; what is longer is prose


def metadata(tree: Any, address: str) -> dict[str, str | None]:
    """Title, author and date (ISO 8601), as trafilatura and htmldate find them in the page without its prose.

    They try dozens of expressions on every element, which takes longer than the main text. The head, the headings
    and the short elements whose attributes speak of authors, dates or titles are a small part of a page, and a date
    in its prose is not the page's.

    Parameters
    ----------
    tree : lxml.html.HtmlElement
        The page; left as it is.
    address : str
        Where it was found; a date in it counts.
    """
    import trafilatura

    dates = {"extensive_search": False, "original_date": True}
    found = trafilatura.extract_metadata(_without_prose(tree), default_url=address, date_config=dates)
    return {name: getattr(found, name) for name in FACTS}


def _without_prose(tree: Any) -> Any:
    """The head, and each short element that may tell something, below the elements that it is in."""
    from copy import deepcopy

    from lxml import html

    page = html.Element("html")
    page.extend(deepcopy(head) for head in tree.iterchildren("head"))
    copies = {tree: page}
    whole: set[Any] = set()
    for element in _candidates()(tree):
        parent = element.getparent()
        if whole.isdisjoint(element.iterancestors()) and _tells(element):
            whole.add(element)
            copy = deepcopy(element)
            copy.tail = None
            _copied(parent, copies).append(copy)
    return page


@cache
def _candidates() -> Any:
    from lxml import etree

    either = " or ".join([*(f"self::{tag}" for tag in TAGS), *(f"@{name}" for name in ATTRIBUTES)])
    return etree.XPath(f"body//*[{either}]")


def _tells(element: Any) -> bool:
    if element.tag == "script":
        return element.get("type") == "application/ld+json"
    if element.tag not in TAGS:
        named = " ".join(filter(None, map(element.get, ATTRIBUTES))).lower()
        if not any(map(named.__contains__, WORDS)):
            return False
    return len(element.xpath("string()")) <= LONGEST


def _copied(element: Any, copies: dict[Any, Any]) -> Any:
    """The copy of an element without its text, below those of what it is in."""
    from lxml import etree

    above = []
    while element not in copies:
        above.append(element)
        element = element.getparent()
    copy = copies[element]
    for each in reversed(above):
        copies[each] = copy = etree.SubElement(copy, each.tag, each.attrib)
    return copy
