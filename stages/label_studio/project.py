"""The project on the server: found by its title, made if it is not there, and held against what git says."""

from __future__ import annotations

import time
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any
from xml.etree import ElementTree as ET

from stages import InputError
from stages.label_studio.client import Connection, DoubtfulError, listed
from stages.tasks import Interface

PAGE = 100  # projects that a look-up by title gets at once


@dataclass(frozen=True)
class Project:
    """A project on a server.

    Attributes
    ----------
    connection
        The server.
    id, title
        The server's number for the project, and its title.
    """

    connection: Connection
    id: int
    title: str

    @property
    def url(self) -> str:
        return f"{self.connection.url}/projects/{self.id}"


def find(connection: Connection, title: str, interface: Interface) -> Project:
    """Find a project without changing it.

    Raises
    ------
    InputError
        There is none of that title, or more than one, or its labelling interface differs from the one in git.
    """
    found = _find(connection, title)
    if found is None:
        raise InputError(f"there is no project {title!r} at {connection.url}; push makes it")
    if difference := _difference(found.label_config, interface.xml):
        raise InputError(_differs(title, difference))
    return Project(connection, found.id, title)


def ensure(connection: Connection, title: str, interface: Interface, overlap: int, replace: bool = False) -> Project:
    """Find a project or make it, and bring what its annotators are told up to date.

    Parameters
    ----------
    connection
        The server.
    title
        Of the project.
    interface
        The labelling interface, and the guideline that annotators are shown.
    overlap
        How many people see each task.
    replace
        Put the labelling interface in place of another that the project may have.

    Raises
    ------
    InputError
        There is more than one of that title, or its labelling interface differs and is not to be replaced.
    """
    wanted: dict[str, Any] = {
        "expert_instruction": _page(interface.instruction),
        "show_instruction": True,
        "maximum_annotations": overlap,
    }
    found = _find(connection, title) or _make(connection, {"title": title, "label_config": interface.xml} | wanted)
    changes: dict[str, Any] = {key: value for key, value in wanted.items() if getattr(found, key, None) != value}
    if difference := _difference(found.label_config, interface.xml):
        if not replace:
            raise InputError(_differs(title, difference))
        changes["label_config"] = interface.xml
    if changes:
        connection.safely(lambda api: api.projects.update(found.id, **changes))
    return Project(connection, found.id, title)


def _page(guideline: str) -> str:
    """Turn the guideline, Markdown, into HTML; HTML in it is shown as text."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).render(guideline).strip()


def _find(connection: Connection, title: str) -> Any:
    def request(api: Any) -> list[Any]:
        page = api.projects.list(title=title, page_size=PAGE)
        return [each for each in listed(page, PAGE) if each.title == title]

    found = connection.safely(request)
    if len(found) > 1:
        numbers = ", ".join(str(each.id) for each in found)
        raise InputError(f"{connection.url} has {len(found)} projects {title!r} ({numbers}); rename all but one there")
    return connection.safely(lambda api: api.projects.get(found[0].id)) if found else None


def _make(connection: Connection, settings: dict[str, Any]) -> Any:
    for pause in connection.pauses:
        try:
            return connection.once(lambda api: api.projects.create(**settings))
        except DoubtfulError:
            time.sleep(pause)
            if found := _find(connection, settings["title"]):
                return found
    return connection.once(lambda api: api.projects.create(**settings))


def _difference(there: Any, here: str) -> list[str]:
    """Compare two labelling interfaces by what they say, not by how they are laid out."""
    try:
        lines = _lines(there)
    except (ET.ParseError, TypeError):
        lines = str(there).splitlines()
    return list(unified_diff(lines, _lines(here), "on the server", "in git", lineterm=""))


def _lines(xml: str) -> list[str]:
    root = ET.fromstring(ET.canonicalize(xml, strip_text=True))  # noqa: S314 - expat 2.4.1 and later bounds entities
    ET.indent(root)
    return ET.tostring(root, encoding="unicode").splitlines()


def _differs(title: str, difference: list[str]) -> str:
    clean = ("".join(each if each.isprintable() else "?" for each in line[:200]) for line in difference[:60])
    shown = "\n".join(f"  {line}" for line in clean)
    return (
        f"the labelling interface of project {title!r} on the server is not the one in git: bring conf/labeling in "
        f"line with it, or put git's in its place with push --replace-interface\n{shown}"
    )
