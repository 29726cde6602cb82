"""Texts that a model of language writes anew: paraphrases, and translations there and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from stages import InputError
from stages.tables import Shard
from stages.tasks import Task, Text, Value

if TYPE_CHECKING:
    import pandas as pd


class Writer(Protocol):
    """What writes texts: an annotator of free texts, such as `stages.annotators.Generator` or `LLM`."""

    def fit(self, records: pd.DataFrame, values: Sequence[Value], task: Task, seed: int) -> Any: ...


@dataclass(frozen=True)
class Rewrite:
    """Let models write a text anew, each what the one before it has written: one paraphrases, two translate and back.

    Whole words change, and the label might: a copy is kept only if the dataset's annotator gives it the same label.

    Parameters
    ----------
    writers
        Annotators of free texts by name, in order; null leaves one out. Each reads the field that is changed.

    References
    ----------
    R. Sennrich, B. Haddow and A. Birch, Improving Neural Machine Translation Models with Monolingual Data, ACL (2016).
    """

    writers: Mapping[str, Writer | None]

    def __post_init__(self) -> None:
        if not any(self.writers.values()):
            raise InputError("writers: one annotator of free texts or more is expected, found none")

    @property
    def members(self) -> Mapping[str, Any]:
        return {name: writer for name, writer in self.writers.items() if writer is not None}

    def having(self, members: Mapping[str, Writer]) -> Rewrite:
        return Rewrite(members)

    def write(self, ids: Sequence[str], texts: Sequence[str], field: str, seed: int, plan: bool = False) -> Rewritten:
        """Write texts anew; what a writer says nothing to stays as it is, and for a plan the next one reads it."""
        import pandas as pd

        records = pd.DataFrame({"id": pd.Series(ids, dtype="str"), field: pd.Series(texts, dtype="str")})
        for name, writer in self.members.items():
            model = writer.fit(records[:0], [], Text(name, field), seed)
            records = records.assign(written=[each and each.value for each in model.predict(records)])
            if plan:
                records = records.fillna({"written": records[field]})
            records = records.dropna().assign(**{field: lambda each: each["written"]})[["id", field]]
        original = dict(zip(ids, texts, strict=True))
        return Rewritten({original[id]: new for id, new in zip(records["id"], records[field], strict=True)})


@dataclass(frozen=True)
class Rewritten:
    """What was written for each text."""

    texts: Mapping[str, str]

    def apply(self, text: str, rng: Random) -> str:  # noqa: ARG002
        return self.texts.get(text, text)


def writing(operators: Mapping[str, Any]) -> bool:
    """Tell whether an operator lets models write."""
    return any(isinstance(each, Rewrite) for each in operators.values())


def rewritten(
    operators: Mapping[str, Any], parents: Sequence[Shard], fields: Sequence[str], seed: int, plan: bool = False
) -> dict[str, Any]:
    """Let the labelled texts of a table be written anew, all at once, where an operator says so.

    For a plan, where the writers ask nothing, each reads what the one before it would have written anew.

    Raises
    ------
    InputError
        An operator comes before the one that writes, or several fields are to change: it reads one text as it is.
    """
    chosen = {name: each for name, each in operators.items() if each is not None}
    for place, (name, operator) in enumerate(chosen.items()):
        if isinstance(operator, Rewrite):
            if place or len(fields) != 1:
                raise InputError(
                    f"augmentation.operators.{name}: Rewrite must be the first operator, of one field alone; "
                    f"found it in place {place + 1}, and the fields {', '.join(fields)}"
                )
            texts: dict[str, str] = {}
            for shard in parents:
                frame = shard.read(["id", fields[0], "label"]).dropna()
                texts.update(zip(frame["id"].tolist(), frame[fields[0]].tolist(), strict=True))
            chosen[name] = operator.write(list(texts), list(texts.values()), fields[0], seed, plan)
    return chosen
