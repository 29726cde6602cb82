"""Texts that a pretrained model writes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.annotators import checkpoints, pretrained, training
from stages.annotators.base import only
from stages.annotators.given import Given, GivenModel
from stages.annotators.texts import joined
from stages.engine import progress
from stages.tasks import Proposal, Task, Text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Generator(Given["GeneratorModel"]):
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

    name = "generator"

    fields: tuple[str, ...]
    model: str
    revision: str | None = None
    prompt: str = "{text}"
    read: int = 512
    written: int = 64

    def __post_init__(self) -> None:
        if "{text}" not in self.prompt:
            raise InputError(f"annotator.prompt: {{text}} is expected in it, for the record's, found {self.prompt!r}")

    def given(self, task: Task) -> GeneratorModel:
        only(task, Text)
        return GeneratorModel(self, *_network(self.folder()))


@dataclass(frozen=True)
class GeneratorModel(GivenModel):
    settings: Generator
    network: Any
    tokenizer: Any

    def predict(self, records: pd.DataFrame) -> list[Proposal | None]:
        torch = pretrained.library("torch")

        texts = joined(records, self.settings.fields)
        with training.fixed_threads(), torch.no_grad():
            return [
                self._write(each) if each.strip() else None
                for each in progress(texts, "annotate: texts written", len(texts))
            ]

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
    with checkpoints.refused(folder.name, "cannot write texts"):
        config = library.AutoConfig.from_pretrained(str(folder), local_files_only=True)
        kind = library.AutoModelForSeq2SeqLM if config.is_encoder_decoder else library.AutoModelForCausalLM
        tokenizer = library.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        network, _ = checkpoints.entire(kind, folder, "float64" if training.device() == "cpu" else "float32")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return network, tokenizer
