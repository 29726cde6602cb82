from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET
from xml.parsers import expat

from stages import InputError
from stages.importing.pictures.base import Found, Mark, content, inside

EDGES = ("xmin", "ymin", "xmax", "ymax")


def voc(root: Path) -> Iterator[Found]:
    """Read the boxes of a folder of PASCAL VOC's: `Annotations/*.xml` and `JPEGImages/`.

    Pixels count from 1, and the last one is included.

    References
    ----------
    M. Everingham et al., The PASCAL Visual Object Classes (VOC) Challenge, IJCV 88 (2010).
    """
    files = sorted((root / "Annotations").glob("*.xml"))
    if not files:
        raise InputError(f"{root}: there are no files Annotations/*.xml")
    for path in files:
        document = _document(path)
        picture = inside(root / "JPEGImages", document.findtext("filename"), f"{path}, filename")
        yield Found(picture, partial(_marks, path, document))


def _marks(path: Path, document: ET.Element, *_: int) -> list[Mark]:
    marks = []
    for number, element in enumerate(document.iter("object"), 1):
        where = f"{path}, object {number}"
        try:
            left, top, right, bottom = (float(element.findtext(f"bndbox/{key}") or "") for key in EDGES)
        except ValueError as error:
            raise InputError(f"{where}: bndbox with the numbers {', '.join(EDGES)} is expected") from error
        marks.append(Mark((element.findtext("name") or "").strip(), where, edges=(left - 1, top - 1, right, bottom)))
    return marks


def _document(path: Path) -> ET.Element:
    data = content(path)

    def refuse(*_: object) -> None:
        raise InputError(f"{path}: declares a document type, through which XML can do harm; remove <!DOCTYPE …>")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
        return ET.fromstring(data)  # noqa: S314 - without a document type there are no entities
    except (expat.ExpatError, ET.ParseError, ValueError) as error:
        raise InputError(f"{path}: not well-formed XML ({error})") from error
