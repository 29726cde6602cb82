from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from stages import InputError
from stages.importing.pictures.base import Found, Mark, content, lines, pictures


def yolo(root: Path) -> Iterator[Found]:
    """Read a folder of YOLO's: `data.yaml`, `images/**/<name>.<suffix>` and `labels/**/<name>.txt`.

    A line of four numbers after the label's is an upright box; of eight, the corners of a rotated one, or of a polygon;
    of more, a polygon. A picture without a file of labels has not been labelled; one whose file is empty shows nothing.

    References
    ----------
    https://docs.ultralytics.com/datasets/detect/, /segment/ and /obb/
    """
    names = _names(root / "data.yaml")
    found = {path.relative_to(root / "images").with_suffix(".txt"): path for path in pictures(root / "images")}
    for labels in sorted((root / "labels").rglob("*.txt")):
        name = labels.relative_to(root / "labels")
        if name not in found and name.name != "classes.txt":  # which tools put beside them
            raise InputError(f"{labels}: there is no picture {root / 'images' / name.with_suffix('.*')}")
    for name, path in found.items():
        if (root / "labels" / name).is_file():
            yield Found(path, partial(_marks, root / "labels" / name, names))


def _marks(path: Path, names: dict[int, str], width: int, height: int) -> list[Mark]:
    marks = []
    for number, line in enumerate(lines(path), 1):
        where = f"{path}, line {number}"
        try:
            label, *numbers = int(line.split()[0]), *map(float, line.split()[1:])
        except (ValueError, IndexError) as error:
            raise InputError(f"{where}: the number of a label and numbers are expected, found {line!r:.60}") from error
        if label not in names:
            raise InputError(
                f"{where}: the label {label} is not in data.yaml, which names {', '.join(map(str, names))}"
            )
        if not all(-1 < each < 2 for each in numbers):  # NaN too
            raise InputError(f"{where}: shares of the picture's width and height are expected, found {line!r:.60}")
        if len(numbers) == 4:
            x, y, across, down = numbers[0] * width, numbers[1] * height, numbers[2] * width, numbers[3] * height
            edges = (x - across / 2, y - down / 2, x + across / 2, y + down / 2)
            marks.append(Mark(names[label], where, edges=edges))
        elif len(numbers) >= 6 and len(numbers) % 2 == 0:
            places = zip(numbers[::2], numbers[1::2], strict=True)
            marks.append(Mark(names[label], where, outline=[[(x * width, y * height) for x, y in places]]))
        else:
            raise InputError(
                f"{where}: 4 numbers, or the x and y of 3 points or more, are expected; {len(numbers)} found"
            )
    return marks


def _names(path: Path) -> dict[int, str]:
    from yaml import YAMLError, safe_load

    try:
        names = safe_load(content(path))["names"]
        numbered = (
            dict(enumerate(names)) if isinstance(names, list) else {int(key): each for key, each in names.items()}
        )
    except (YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: `names` is expected, a list or a mapping of numbers to labels") from error
    return {number: str(name) for number, name in numbered.items()}
