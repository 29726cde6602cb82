"""Fine-tune a pretrained transformer, whole or by low-rank adapters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError, tables
from stages.annotators import checkpoints, pretrained, training
from stages.annotators.base import NotEnough, above_zero, only
from stages.annotators.texts import joined
from stages.annotators.training import Course, Schedule
from stages.engine import progress
from stages.tasks import Choice, Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import torch

BATCH = 32  # records per prediction


@dataclass(frozen=True)
class Lora:
    """Low-rank adapters beside every linear layer, of which alone the weights are trained.

    References
    ----------
    E. J. Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, ICLR (2022).
    """

    rank: int = 8
    alpha: int = 16
    dropout: float = 0.05

    def __post_init__(self) -> None:
        for name in ("rank", "alpha"):
            above_zero(name, getattr(self, name))
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout: a share from 0 to less than 1 is expected, found {self.dropout:g}")


@dataclass(frozen=True)
class Transformer:
    """A checkpoint of Hugging Face's for the classification of sequences, encoder or decoder, fine-tuned.

    One in eight labels is held out to say when to stop; with fewer than 80 labels none is, and all steps are made. It
    runs on a GPU where there is one, in mixed precision, else on two threads of the CPU. On the CPU it predicts in
    double precision, so that the other records of a batch do not show.

    Parameters
    ----------
    fields
        The text fields to read, joined by a line end.
    model, revision
        A folder, `package:name`, or a name on the hub with its commit.
    schedule
        How long and how fast to train.
    tokens
        Longer texts are cut.
    lora
        Train adapters only, for large models; null: train all weights.

    References
    ----------
    J. Devlin, M.-W. Chang, K. Lee and K. Toutanova, BERT, NAACL (2019).
    """

    fields: tuple[str, ...]
    model: str
    schedule: Schedule
    revision: str | None = None
    tokens: int = 256
    lora: Lora | None = None

    def __post_init__(self) -> None:
        above_zero("tokens", self.tokens)

    @property
    def name(self) -> str:
        return "lora" if self.lora else "transformer"

    def fit(self, records: pd.DataFrame, values: Sequence[Value], task: Task, seed: int) -> TransformerModel:
        import numpy as np

        codes = only(task, Choice).codes(values)
        if len(np.unique(codes, axis=0)) < 2:
            raise NotEnough("labels of at least two kinds are needed, each on two records or more")
        texts = joined(records, self.fields)
        weights = pretrained.fingerprint(pretrained.folder(self.model, self.revision))
        key = training.named(self, weights, seed, texts, codes.tolist())
        with training.fixed_threads():
            return self._fit(texts, codes, only(task, Choice), key)

    def _fit(self, texts: list[str], codes: np.ndarray, task: Choice, key: str) -> TransformerModel:
        import torch

        network, tokenizer = self._network(task, int(key[:15], 16))
        learned, held = training.parted(codes, key)
        target = torch.tensor(codes, dtype=torch.float32, device=network.device)
        fitted = TransformerModel(self, task, network, tokenizer)

        def loss(rows: Sequence[int]) -> torch.Tensor:
            logits = fitted.logits([texts[row] for row in rows]).float()
            if task.multiple:
                return torch.nn.functional.binary_cross_entropy_with_logits(logits, target[list(rows)])
            return torch.nn.functional.cross_entropy(logits, target[list(rows)])

        def held_out() -> float:
            parts = [held[start : start + BATCH] for start in range(0, len(held), BATCH)]
            return sum(loss(part).item() * len(part) for part in parts) / len(held)

        course = training.train(
            network,
            [len(texts[row]) for row in learned],
            lambda rows: loss([learned[row] for row in rows]),
            held_out if held else None,
            self.schedule,
            key,
        )
        return TransformerModel(self, task, network, tokenizer, course, len(held))

    def load(self, folder: Path, task: Task) -> TransformerModel:
        library = pretrained.library("transformers")
        if self.lora:
            network, tokenizer = self._base(only(task, Choice))
            network = pretrained.library("peft").PeftModel.from_pretrained(network, str(folder))
        else:
            network = library.AutoModelForSequenceClassification.from_pretrained(str(folder), local_files_only=True)
            tokenizer = library.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        return TransformerModel(self, only(task, Choice), network.to(training.device()).eval(), tokenizer)

    def _network(self, task: Choice, seed: int) -> tuple[Any, Any]:
        import torch

        torch.manual_seed(seed)  # of the head, and of the adapters
        network, tokenizer = self._base(task)
        if self.lora:
            peft = pretrained.library("peft")
            settings = peft.LoraConfig(
                task_type="SEQ_CLS",
                target_modules="all-linear",
                r=self.lora.rank,
                lora_alpha=self.lora.alpha,
                lora_dropout=self.lora.dropout,
            )
            network = peft.get_peft_model(network, settings)
        return network.to(training.device()), tokenizer

    def _base(self, task: Choice) -> tuple[Any, Any]:
        folder = pretrained.folder(self.model, self.revision)
        dtype = "bfloat16" if self.lora and training.mixed() else "float32"
        with checkpoints.refused(self.model, "cannot classify sequences"):
            return checkpoints.classifier("Sequence", folder, task.labels, dtype)


@dataclass(frozen=True)
class TransformerModel:
    settings: Transformer
    task: Choice
    network: Any
    tokenizer: Any
    course: Course | None = None
    held_out: int = 0

    def logits(self, texts: Sequence[str]) -> torch.Tensor:
        """Give the network's outputs, shape (texts, labels)."""
        longest = min(self.settings.tokens, self.tokenizer.model_max_length)
        tokens = self.tokenizer(list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt")
        return self.network(**tokens.to(self.network.device)).logits

    def predict(self, records: pd.DataFrame) -> np.ndarray:
        import numpy as np
        import torch

        texts = joined(records, self.settings.fields)
        order = sorted(range(len(texts)), key=lambda row: (len(texts[row]), texts[row]))
        found = np.zeros((len(texts), len(self.task.labels)))
        with training.predicting(self.network):
            starts = range(0, len(order), BATCH)
            for start in progress(starts, "annotate: predictions", len(starts)):
                rows = order[start : start + BATCH]
                logits = self.logits([texts[row] for row in rows]).double()
                shares = torch.sigmoid(logits) if self.task.multiple else torch.softmax(logits, dim=1)
                found[rows] = shares.cpu().numpy()
        return found

    def save(self, folder: Path) -> None:
        """Write what `AutoModelForSequenceClassification.from_pretrained` reads, or with LoRA what peft reads."""
        self.network.save_pretrained(str(folder))
        if self.settings.lora:
            (folder / "README.md").unlink(missing_ok=True)  # names a folder of this machine
            place = folder / "adapter_config.json"
            config = json.loads(place.read_text(encoding="utf-8"))
            modules = sorted(config["target_modules"])  # a set, whose order changes from run to run
            tables.write_json(
                place, config | {"base_model_name_or_path": self.settings.model, "target_modules": modules}
            )
        else:
            self.tokenizer.save_pretrained(str(folder))

    def describe(
        self,
        records: pd.DataFrame,  # noqa: ARG002
        labels: Mapping[str, Value],  # noqa: ARG002
    ) -> dict[str, Any]:
        """Say how training went, and how many weights it changed."""
        trained = sum(each.numel() for each in self.network.parameters() if each.requires_grad)
        return {**asdict(self.course), "held_out": self.held_out, "trained_weights": trained} if self.course else {}
