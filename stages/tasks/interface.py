"""Read a labelling interface, Label Studio's XML, and the guideline beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

from stages import InputError, of_kind
from stages.tasks.base import Task
from stages.tasks.choice import Choice
from stages.tasks.combined import Combined
from stages.tasks.pairwise import Pairwise
from stages.tasks.rating import Rating
from stages.tasks.relations import Relations
from stages.tasks.spans import Spans
from stages.tasks.text import Text

TASK_KEYS = ("record", "content", "queue", "why")  # what each task carries beside the shown fields


@dataclass(frozen=True)
class Interface:
    """What people see: the task, and how they are told to do it.

    Attributes
    ----------
    task
        The task type with its label set.
    xml
        Label Studio's labelling configuration.
    instruction
        The guideline's text.
    guideline
        The first 12 hexadecimal digits of the SHA-256 of that text; goes with each annotation.
    corrections
        Labels of an earlier label set, and what each is called now; None for one that is no more.
    """

    task: Task
    xml: str
    instruction: str
    guideline: str
    corrections: Mapping[str, str | None] = field(default_factory=dict)


def read(folder: str | Path, name: str, shown: Sequence[str] | None = None) -> Interface:
    """Read `<name>.xml`, `<name>.md`, and if it is there `<name>.yaml`, which says what became of earlier labels.

    Parameters
    ----------
    folder, name
        Where they are.
    shown
        The fields that a task shows, to be checked against those that the XML refers to; None for no check.

    Raises
    ------
    InputError
        A file is missing or not UTF-8, the XML is not an interface that we know, or it refers to a field that is not
        shown.
    """
    paths = [Path(folder) / f"{name}{suffix}" for suffix in (".xml", ".md")]
    for path in paths:
        if not path.is_file():
            raise InputError(f"{path}: the dataset names the labelling interface {name!r}, but this file is missing")
    xml, instruction = map(_text, paths)
    task = load(xml, str(paths[0]))
    if shown is not None:
        _check_fields(xml, shown, str(paths[0]))
    guideline = sha256(instruction.encode()).hexdigest()[:12]
    return Interface(task, xml, instruction, guideline, _corrections(Path(folder) / f"{name}.yaml", task))


def _corrections(path: Path, task: Task) -> dict[str, str | None]:
    from yaml import YAMLError, safe_load

    if not path.is_file():
        return {}
    try:
        declared = safe_load(_text(path))
    except YAMLError as error:
        raise InputError(f"{path}: not YAML ({' '.join(str(error).split())})") from error
    if not isinstance(declared, dict):
        raise InputError(f"{path}: a mapping of earlier labels to present ones is expected, found {declared!r:.100}")
    for old, new in declared.items():
        if not isinstance(old, str) or old in task.labels:
            raise InputError(f"{path}: {old!r}: an earlier label is expected, which is no more in the interface")
        if new is not None and new not in task.labels:
            raise InputError(
                f"{path}: {old}: one of {', '.join(task.labels)} is expected, or null (label anew), found {new!r}"
            )
    return declared


def _check_fields(xml: str, shown: Sequence[str], where: str) -> None:
    allowed = [*shown, *TASK_KEYS]
    values = [value for element in ET.fromstring(xml).iter() for value in element.attrib.values()]  # noqa: S314
    for name in [found[1] for value in values if (found := re.match(r"\$(\w+)", value))]:
        if name not in allowed:
            raise InputError(
                f"{where}: refers to ${name}, which a task does not show; allowed are {', '.join(allowed)} "
                "(`shown` in conf/dataset/)"
            )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from error


def load(xml: str, where: str) -> Task:
    """Make the task that a labelling interface declares.

    Parameters
    ----------
    xml
        Label Studio's labelling configuration.
    where
        Its file, for messages.

    Raises
    ------
    InputError
        The XML is broken, has no control of a known type or one of another, or a control that lacks something.
    """
    try:
        root = ET.fromstring(xml)  # noqa: S314 - a file of this repository
    except ET.ParseError as error:
        raise InputError(f"{where}: not well-formed XML ({error})") from error
    shown = {
        each.attrib["name"]: each.get("value", "")
        for each in root.iter()
        if "name" in each.attrib and "toName" not in each.attrib
    }
    parts: list[Task] = []
    sounds = {each.get("name") for each in root.iter("Audio")}
    for element in root.iter():
        if element.tag == "Labels" and element.get("toName") in sounds:
            raise InputError(
                f"{where}: <Labels> over <Audio> is not supported; over it may stand <Choices>, <TextArea>"
            )
        if element.tag in CONTROLS:
            parts.append(_built(_Control(element, shown, where)))
        elif "toName" in element.attrib and element.tag not in AIDS:
            raise InputError(f"{where}: <{element.tag}> is not supported; controls may be {', '.join(CONTROLS)}")
    for element in root.iter("Relations"):
        parts = _related(parts, element, where)
    if not parts:
        raise InputError(f"{where}: one or more controls of {', '.join(CONTROLS)} are expected, found none")
    names = [each.name for each in parts]
    if len(set(names)) < len(names):
        raise InputError(f"{where}: each control needs a name of its own, found {', '.join(names)}")
    return parts[0] if len(parts) == 1 else Combined(tuple(parts))


class _Control(NamedTuple):
    """An element that labels something, what the interface shows (names, and the fields as `$field`), and its file."""

    element: ET.Element
    shown: Mapping[str, str]
    where: str

    @property
    def names(self) -> tuple[str, str]:
        """Its own name, and that of what it labels."""
        name, to_name = self.element.attrib["name"], self.element.attrib["toName"]
        if to_name not in self.shown:
            there = ", ".join(self.shown) or "none"
            raise InputError(f"{self.where}: toName={to_name!r} names nothing that is shown; there is {there}")
        return name, to_name


def _built(control: _Control) -> Task:
    element, _, where = control
    for name in ("name", "toName"):
        if not element.get(name):
            raise InputError(f"{where}: <{element.tag}> lacks the attribute {name!r}")
    if element.get("perRegion") == "true":
        raise InputError(f'{where}: <{element.tag} perRegion="true"> is not supported; ask of the whole record')
    return CONTROLS[element.tag](control)


def _choice(control: _Control) -> Choice:
    element, _, where = control
    if element.find("Choice//Choice") is not None:
        raise InputError(f"{where}: a <Choice> inside another is not supported; name each choice at one level")
    labels = _labels(element, "Choice", 2, where)
    kind = element.get("choice", "single")
    if kind not in ("single", "single-radio", "multiple"):
        raise InputError(f"{where}: <Choices choice={kind!r}>: allowed are single, single-radio, multiple")
    return Choice(*control.names, labels, multiple=kind == "multiple")


def _spans(control: _Control) -> Spans:
    field = control.shown[control.element.attrib["toName"]].removeprefix("$")
    return Spans(*control.names, _labels(control.element, "Label", 1, control.where), field)


def _marked(name: str) -> Callable[[_Control], Task]:
    """Make the builder of a task over pictures."""

    def built(control: _Control) -> Task:
        kind = getattr(of_kind("pictures", "tasks"), name)
        task: Task = kind(*control.names, _labels(control.element, "Label", 1, control.where))
        return task

    return built


def _rating(control: _Control) -> Rating:
    highest = control.element.get("maxRating", "5")
    if not highest.isdecimal() or not 2 <= int(highest) <= 10:
        raise InputError(f"{control.where}: <Rating maxRating={highest!r}>: a whole number from 2 to 10 is expected")
    return Rating(*control.names, tuple(map(str, range(1, int(highest) + 1))))


def _pairwise(control: _Control) -> Pairwise:
    element, shown, where = control
    names = [name.strip() for name in element.attrib["toName"].split(",")]
    fields = [shown.get(name, "") for name in names]
    if len(fields) != 2 or not all(field.startswith("$") for field in fields):
        raise InputError(
            f'{where}: <Pairwise toName={element.attrib["toName"]!r}>: the names of two elements with value="$field" '
            "are expected, the left one first, with a comma between them"
        )
    return Pairwise(element.attrib["name"], names[0], sides=(fields[0][1:], fields[1][1:]))


def _related(parts: Sequence[Task], element: ET.Element, where: str) -> list[Task]:
    """Put the spans with the relations between them in the place of the spans."""
    spans = [each for each in parts if isinstance(each, Spans)]
    if len(spans) != 1:
        raise InputError(f"{where}: <Relations> needs one <Labels> over a text, and one alone, found {len(spans)}")
    types = _labels(element, "Relation", 1, where)
    if same := [each for each in types if each in spans[0].labels]:
        raise InputError(f"{where}: {same[0]!r} is a <Label> and a <Relation>; they need different names")
    return [Relations(each, types) if isinstance(each, Spans) else each for each in parts]


def _labels(element: ET.Element, tag: str, fewest: int, where: str) -> tuple[str, ...]:
    labels = tuple(each.get("alias") or each.get("value") or "" for each in element.iter(tag))
    if len(labels) < fewest or "" in labels or len(set(labels)) < len(labels):
        many = "two or more" if fewest > 1 else "one or more"
        raise InputError(f"{where}: <{element.tag}> needs {many} <{tag} value=…>, each different, found {list(labels)}")
    return labels


# One entry per tag of a control: what makes its task. <Relations> goes with <Labels>, see `_related`.
CONTROLS: dict[str, Callable[[_Control], Task]] = {
    "Choices": _choice,
    "Rating": _rating,
    "Pairwise": _pairwise,
    "TextArea": lambda control: Text(*control.names),
    "RectangleLabels": _marked("Boxes"),
    "PolygonLabels": _marked("Polygons"),
    "BrushLabels": _marked("Masks"),
    "Labels": _spans,
}
AIDS = ("Filter",)  # that change what people see of a control
