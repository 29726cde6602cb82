"""What a model is told: the instruction, examples, and the record, each in its place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages import InputError, tables
from stages.annotators.llm import answers
from stages.annotators.llm.answers import Texts
from stages.tasks import Askable, Choice, Value

Message = dict[str, str]
Shown = Mapping[str, Any]  # the fields of a record that are shown

MARKS = re.compile(r"<(?=[|｜/\w])|\[(?=/?[A-Z_]+\])")  # where <|im_start|>, </s>, <EMAIL> or [INST] begins


@dataclass(frozen=True)
class Prompt:
    """The texts that every request of a version has in common.

    Attributes
    ----------
    template
        Jinja2 text of the system message. It may use `guideline`, `type` (of the task), `labels`, `multiple`, `fields`,
        `explain` and `schema` (JSON), and has no way to a record.
    guideline
        What people are told, too.
    where
        The template's file, for messages.
    """

    template: str
    guideline: str
    where: str

    def instruction(self, task: Askable, fields: Sequence[str], explain: bool) -> str:
        """Render the system message.

        Raises
        ------
        InputError
            The template is broken, or uses what is not there.
        """
        from jinja2 import StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        # The text goes to a model, not to a browser: nothing is to be escaped
        jinja = ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        try:
            return jinja.from_string(self.template).render(
                guideline=self.guideline.strip(),
                type=task.type,
                labels=list(task.labels),
                multiple=isinstance(task, Choice) and task.multiple,
                fields=list(fields),
                explain=explain,
                schema=json.dumps(answers.schema(task, explain), ensure_ascii=False),
            )
        except Exception as error:  # whatever a template of a user's may do
            line = f", line {error.lineno}" if hasattr(error, "lineno") else ""
            raise InputError(f"{self.where}{line}: {' '.join(str(error).split())}") from error


def read(template: str, guideline: str) -> Prompt:
    """Read both files.

    Raises
    ------
    InputError
        One is missing or is not UTF-8.
    """
    texts = []
    for key, path in (("prompt", template), ("guideline", guideline)):
        try:
            texts.append(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{key}: {path} cannot be read as a text in UTF-8") from error
    return Prompt(texts[0], texts[1], template)


def conversation(
    instruction: str, examples: Sequence[tuple[Shown, Value]], shown: Shown, task: Askable
) -> list[Message]:
    """Lay out a request: the instruction, examples as turns that were answered right, and the record."""
    messages = [{"role": "system", "content": instruction}]
    for example, value in examples:
        answer = answers.write(task, value, texts(example))
        messages += [{"role": "user", "content": quote(example)}, {"role": "assistant", "content": answer}]
    return [*messages, {"role": "user", "content": quote(shown)}]


def texts(shown: Shown) -> Texts:
    """Give the fields that can be quoted from."""
    return {name: each for name, each in shown.items() if isinstance(each, str)}


def quote(shown: Shown) -> str:
    r"""Write a record as one line of JSON that cannot leave its message.

    What looks like a mark of a chat template, such as `<|im_end|>`, would end the message on a server that reads marks
    wherever they stand. Its first character is written as JSON's `\u003c` or `\u005b`, which says the same.
    """
    return MARKS.sub(lambda mark: f"\\u{ord(mark[0]):04x}", tables.dump_line(dict(shown)))


def correction(messages: Sequence[Message], content: str | None, problem: str) -> list[Message]:
    """Ask once more, with what was answered and what is wrong with it."""
    said = {"role": "assistant", "content": content or ""}
    return [*messages, said, {"role": "user", "content": f"This is not a valid answer: {problem}. Answer again."}]
