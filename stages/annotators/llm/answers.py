"""What an answer looks like: its JSON schema, an example of it, how to read it, and how probable it was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from stages import InputError
from stages.annotators.llm import likelihood
from stages.annotators.llm.likelihood import Token
from stages.tasks import Askable, Quoting, Task, Value

Texts = Mapping[str, str]  # the fields of a record with text that the model was shown, by name


def askable(task: Task) -> Askable:
    """Give the task as one that a language model can be asked for; InputError if there is no way to ask for it."""
    if not isinstance(task, Askable):
        raise InputError(
            f"annotator: a language model cannot be asked for {task.type}; choose another in params.yaml "
            "(conf/annotator/ says what each is for)"
        )
    return task


def schema(task: Askable, explain: bool) -> dict[str, Any]:
    """Give the JSON schema of a whole answer; what explains comes first, so that the value can follow from it."""
    members = {"explanation": {"type": "string"}} if explain else {}
    members["value"] = task.schema()
    return {"type": "object", "properties": members, "required": [*members], "additionalProperties": False}


def write(task: Askable, value: Value, texts: Texts) -> str:
    """Give the answer that says a value."""
    said = task.answer(value, texts) if isinstance(task, Quoting) else value
    return json.dumps({"value": said}, ensure_ascii=False)


def read(content: str | None, task: Askable, texts: Texts) -> tuple[Value, int]:
    """Read a value out of a model's text, and count what of it was left out since it is not in the record.

    Raises
    ------
    ValueError
        It is no answer; the text says why, to the model.
    """
    try:
        answer = json.loads(content or "", object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("the answer must be one JSON object") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"the answer must be one JSON object and nothing else ({error})") from None
    if not isinstance(answer, dict) or "value" not in answer:
        raise ValueError('the answer must be one JSON object with "value"')
    try:
        value = task.answered(answer["value"], texts)
    except ValueError as error:
        raise ValueError(f'"value": {error}') from None
    return value, _dropped(answer["value"], value)


def probabilities(content: str, tokens: Sequence[Token], task: Askable) -> list[float] | None:
    """Read out of the log-probabilities how sure the model was.

    Returns
    -------
    Of a value that is one of several, the probability of each, as its schema lists them; where each of several labels
    is true or false, that of its being true; of all else one number, the mean probability of the value's tokens. None
    if tokens and answer do not fit together.
    """
    form = task.schema()
    if "enum" in form:
        candidates = [json.dumps(each, ensure_ascii=False) for each in form["enum"]]
        return likelihood.chances(content, tokens, ["value"], candidates)
    members = form.get("properties", {})
    if members and all(each == {"type": "boolean"} for each in members.values()):
        decided = [likelihood.chances(content, tokens, ["value", name], ["true", "false"]) for name in members]
        return None if None in decided else [chance[0] for chance in decided if chance]
    mean = likelihood.mean(content, tokens, ["value"])
    return None if mean is None else [mean]


def _dropped(said: Any, value: Value) -> int:
    """Count by how much the lists got shorter."""
    if isinstance(said, list) and isinstance(value, list):
        return max(0, len(said) - len(value))
    if isinstance(said, dict) and isinstance(value, dict):
        return sum(_dropped(said[name], value[name]) for name in said.keys() & value.keys())
    return 0


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that says the same thing twice, of which Python would take the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("each key of the answer must stand there once")
    return found
