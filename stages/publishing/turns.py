"""JSON Lines that language models are trained on: instructions, chats and preferences, as most trainers read them.

The keys are those of Stanford Alpaca (instructions) and of the library TRL (chats, preferences); beside them each line
has the record's `id`. Records without a label are left out, and a split without records, since `datasets` has no empty
ones. A label that is no text is written as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages import InputError
from stages.publishing.base import Version, rows
from stages.tasks import Pairwise

Record = dict[str, Any]  # `id`, the fields and `label`, as plain JSON


@dataclass(frozen=True)
class Instructions:
    """`{"instruction": …, "input": …, "output": …}`: what to do, the record's fields, and its label.

    Parameters
    ----------
    instruction
        What to do, the same for all.
    """

    instruction: str

    def write(self, folder: Path, version: Version) -> None:
        fields = _texts(version, "instructions")

        def line(record: Record) -> Record:
            answer = _answer(record["label"])
            return {"instruction": self.instruction, "input": _shown(record, fields), "output": answer}

        _write(folder, version, line)


@dataclass(frozen=True)
class Chat:
    """`{"messages": [{"role": …, "content": …}, …]}`: the instruction, the record's fields, and its label.

    Parameters
    ----------
    instruction
        What the system says; null where it says nothing.
    """

    instruction: str | None

    def write(self, folder: Path, version: Version) -> None:
        fields = _texts(version, "chat")
        first = [{"role": "system", "content": self.instruction}] if self.instruction else []

        def line(record: Record) -> Record:
            asked = {"role": "user", "content": _shown(record, fields)}
            return {"messages": [*first, asked, {"role": "assistant", "content": _answer(record["label"])}]}

        _write(folder, version, line)


@dataclass(frozen=True)
class Preferences:
    """`{"prompt": …, "chosen": …, "rejected": …}`, of pairwise comparisons; `prompt` only where there is one.

    Parameters
    ----------
    prompt
        The field that both answer, or continue; null where there is none.
    """

    prompt: str | None

    def write(self, folder: Path, version: Version) -> None:
        task = version.task
        if not isinstance(task, Pairwise):
            raise InputError(
                f"preferences carry pairwise comparisons, and this dataset has {task.type}; preferences: null in "
                "conf/publish/ switches them off"
            )
        if self.prompt is not None and self.prompt not in version.fields:
            known = ", ".join(version.fields)
            raise InputError(f"preferences.prompt: there is no field {self.prompt!r}; there is {known}, or null")
        left, right = task.sides

        def line(record: Record) -> Record:
            better, worse = (left, right) if record["label"] == "left" else (right, left)
            prompt = {} if self.prompt is None else {"prompt": _plain(record[self.prompt])}
            return {**prompt, "chosen": _plain(record[better]), "rejected": _plain(record[worse])}

        _write(folder, version, line)


def _write(folder: Path, version: Version, line: Callable[[Record], Record]) -> None:
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    folder.mkdir(parents=True)
    columns = ["id", *version.fields, "label"]
    for split, table in version.tables.items():
        records = (dict(zip(columns, row, strict=True)) for row in rows(table, dict.fromkeys(columns)))
        lines = [encode({"id": each["id"], **line(each)}) + "\n" for each in records if each["label"] is not None]
        if lines:
            (folder / f"{split}.jsonl").write_text("".join(lines), encoding="utf-8", newline="\n")


def _texts(version: Version, form: str) -> list[str]:
    """Give the fields that a model reads."""
    if version.files:
        raise InputError(f"{form}: {version.files[0]!r} names files, which it does not carry; {form}: null")
    return list(version.fields)


def _shown(record: Record, fields: Iterable[str]) -> str:
    """Give the one field, or several with their names."""
    given = {field: _plain(record[field]) for field in fields if record[field] is not None}
    return "\n".join(f"{name}: {each}" for name, each in given.items()) if len(given) > 1 else "".join(given.values())


def _answer(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _plain(cell: Any) -> str:
    return "" if cell is None else str(cell)
