"""Texts that a pretrained model writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError, tables
from stages.annotators import pretrained, training
from stages.annotators.base import only
from stages.annotators.texts import joined
from stages.engine import progress
from stages.tasks import Proposal, Task, Text, Value

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Generator:
    """A checkpoint of Hugging Face's that writes texts, encoder and decoder or decoder alone, as it is.

    It writes the most probable token each time, one record after the other, and on the CPU in double precision, so that
    neither chance nor the other records show. The confidence is the mean probability of the tokens, before calibration.

    Parameters
    ----------
    fields
        The text fields to read, joined by a line end.
    model, revision
        A folder, `package:name`, or a name on the hub with its commit.
    prompt
        What the model reads, with `{text}` for the record's; of a model that chats with the marks of its turns.
    read, written
        The most tokens of the prompt, whose end is cut, and of the answer.
    """

    fields: tuple[str, ...]
    model: str
    revision: str | None = None
    prompt: str = "{text}"
    read: int = 512
    written: int = 64

    def __post_init__(self) -> None:
        if "{text}" not in self.prompt:
            raise InputError(f"annotator.prompt: {{text}} is expected in it, for the record's, found {self.prompt!r}")

    @property
    def name(self) -> str:
        return "generator"

    def fit(
        self,
        records: pd.DataFrame,  # noqa: ARG002
        values: Sequence[Value],  # noqa: ARG002
        task: Task,
        seed: int,  # noqa: ARG002
    ) -> GeneratorModel:
        only(task, Text)
        folder = pretrained.folder(self.model, self.revision)
        return GeneratorModel(self, folder, *_network(folder))

    def load(self, folder: Path, task: Task) -> GeneratorModel:  # noqa: ARG002
        return self.fit(None, [], task, 0)  # type: ignore[arg-type]


@dataclass(frozen=True)
class GeneratorModel:
    settings: Generator
    folder: Path
    network: Any
    tokenizer: Any

    def predict(self, records: pd.DataFrame) -> list[Proposal | None]:
        import torch

        texts = joined(records, self.settings.fields)
        with training.fixed_threads(), torch.no_grad():
            return [
                self._write(each) if each.strip() else None
                for each in progress(texts, "annotate: texts written", len(texts))
            ]

    def save(self, folder: Path) -> None:
        tables.write_json(folder / "generator.json", {"weights": pretrained.fingerprint(self.folder)})

    def _write(self, text: str) -> Proposal | None:
        import torch

        settings = self.settings
        prompt = settings.prompt.replace("{text}", text)
        given = self.tokenizer(prompt, truncation=True, max_length=settings.read, return_tensors="pt")
        given = {name: each for name, each in given.items() if name != "token_type_ids"}
        made = self.network.generate(
            **{name: each.to(self.network.device) for name, each in given.items()},
            max_new_tokens=settings.written,
            do_sample=False,
            num_beams=1,
            return_dict_in_generate=True,
            output_logits=True,
            pad_token_id=self.tokenizer.pad_token_id,
        )
        tokens = made.sequences[0][-len(made.logits) :]
        written = self.tokenizer.decode(tokens, skip_special_tokens=True).strip()
        chances = torch.stack(made.logits)[:, 0].double().softmax(dim=-1)[range(len(tokens)), tokens]
        return Proposal(written, float(chances.mean())) if written else None


@cache
def _network(folder: Path) -> tuple[Any, Any]:
    library = pretrained.library("transformers")
    try:
        config = library.AutoConfig.from_pretrained(str(folder), local_files_only=True)
        kind = library.AutoModelForSeq2SeqLM if config.is_encoder_decoder else library.AutoModelForCausalLM
        tokenizer = library.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        dtype = "float64" if training.device() == "cpu" else "float32"
        network, loaded = kind.from_pretrained(
            str(folder), local_files_only=True, dtype=dtype, output_loading_info=True
        )
        if loaded["missing_keys"]:
            raise ValueError(f"its weights lack {', '.join(sorted(loaded['missing_keys'])):.100}")
    except (ValueError, KeyError, OSError) as error:
        why = " ".join(str(error).split())[:200]
        raise InputError(f"annotator.model: {folder.name!r} cannot write texts ({why})") from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return network.to(training.device()).eval(), tokenizer
