"""Spans by a pretrained transformer that classifies tokens, fine-tuned or as it comes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError, tables
from stages.annotators import checkpoints, pretrained, training
from stages.annotators.base import NotEnough, only
from stages.annotators.subwords import SKIPPED, Window, decided, meanings, targets, words_of
from stages.annotators.texts import column
from stages.annotators.training import Course, Schedule
from stages.engine import progress
from stages.tasks import Proposal, Spans, Task, Value
from stages.tasks.iob import tags_of, tokens

if TYPE_CHECKING:
    import pandas as pd
    import torch

BATCH = 32  # texts per prediction, and windows per loss
OVERLAP = 4  # one in so many tokens of a window is in the next one, too


@dataclass(frozen=True)
class TokenClassifier:
    """A checkpoint of Hugging Face's for the classification of tokens.

    It decides about words, and about the characters of Chinese and Japanese, by the first of the tokens that each is
    made of. It proposes spans that do not overlap; of people's spans that overlap it learns the longest. A text that is
    longer than `tokens` is read in windows. The confidence is the product of how probable each decision was.

    Parameters
    ----------
    field
        The text field to read.
    model, revision
        A folder, `package:name`, or a name on the hub with its commit.
    schedule
        How long and how fast to fine-tune; null: use the checkpoint as it comes, which needs no label.
    tokens
        The longest stretch of text that it reads at once.
    labels
        What the checkpoint calls the labels of the interface, such as `{PER: person}`; a label that both know needs no
        mention, and what only the checkpoint knows is left out.
    """

    field: str
    model: str
    schedule: Schedule | None
    revision: str | None = None
    tokens: int = 256
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def name(self) -> str:
        return "token_classifier"

    def fit(self, records: pd.DataFrame, values: Sequence[Value], task: Task, seed: int) -> TokenClassifierModel:
        task = only(task, Spans)
        if self.schedule is None:
            return self._given(task)
        if not any(values):
            raise NotEnough("people have marked no span yet")
        texts = column(records, self.field)
        key = training.named(self, self._weights, seed, texts, list(values))
        with training.fixed_threads():
            return self._trained(texts, values, task, key, self.schedule)

    def load(self, folder: Path, task: Task) -> TokenClassifierModel:
        if self.schedule is None:
            if tables.read_json(folder / "model.json")["weights"] != self._weights:
                raise InputError("annotator.model: the checkpoint is another than the version was made with")
            return self._given(only(task, Spans))
        return TokenClassifierModel(self, only(task, Spans), *self._loaded(folder, None))

    def _given(self, task: Spans) -> TokenClassifierModel:
        folder = pretrained.folder(self.model, self.revision)
        kinds = tables.read_json(folder / "config.json").get("architectures") or []
        if not any(str(kind).endswith("ForTokenClassification") for kind in kinds):
            raise InputError(f"annotator.model: {self.model!r} has not learned to classify tokens; set `schedule`")
        return TokenClassifierModel(self, task, *self._loaded(folder, None))

    def _trained(
        self, texts: list[str], values: Sequence[Value], task: Spans, key: str, schedule: Schedule
    ) -> TokenClassifierModel:
        import numpy as np
        import torch

        torch.manual_seed(int(key[:15], 16))  # of the head
        names = ["O", *(f"{part}-{label}" for label in task.labels for part in "BI")]
        network, tokenizer = self._loaded(pretrained.folder(self.model, self.revision), names)
        fitted = TokenClassifierModel(self, task, network, tokenizer)
        codes = np.array([[int(count > 0) for count in task.count([value]).values()] for value in values])
        learned, held = map(set, training.parted(codes, key))
        windows = fitted.windows(texts)
        tags = [tags_of(tokens(text), value, task) for text, value in zip(texts, values, strict=True)]
        wanted = [targets(window, tokens(texts[window.text]), tags[window.text]) for window in windows]
        rows, others = ([n for n, each in enumerate(windows) if each.text in part] for part in (learned, held))

        def loss(rows: Sequence[int]) -> torch.Tensor:
            logits = fitted.logits([windows[row] for row in rows]).float()
            longest = logits.shape[1]
            target = [wanted[row] + [SKIPPED] * (longest - len(wanted[row])) for row in rows]
            told = torch.tensor(target, device=logits.device)
            # the mean, but of a window without any word zero
            total = torch.nn.functional.cross_entropy(logits.flatten(0, 1), told.flatten(), reduction="sum")
            return total / (told != SKIPPED).sum().clamp(min=1)

        def held_out() -> float:
            parts = [others[start : start + BATCH] for start in range(0, len(others), BATCH)]
            return sum(loss(part).item() * len(part) for part in parts) / len(others)

        course = training.train(
            network,
            [len(windows[row].ids) for row in rows],
            lambda batch: loss([rows[row] for row in batch]),
            held_out if held else None,
            schedule,
            key,
        )
        return TokenClassifierModel(self, task, network, tokenizer, course, len(held))

    def _loaded(self, folder: Path, names: Sequence[str] | None) -> tuple[Any, Any]:
        with checkpoints.refused(self.model, "cannot classify tokens"):
            network, tokenizer = checkpoints.classifier("Token", folder, names)
        if not tokenizer.is_fast:
            raise InputError(f"annotator.model: {self.model!r} has no fast tokenizer, which tells where a token stands")
        tokenizer.padding_side = "right"  # so that a token's place in a window is its place in the batch
        return network.to(training.device()).eval(), tokenizer

    @property
    def _weights(self) -> str:
        return pretrained.fingerprint(pretrained.folder(self.model, self.revision))


@dataclass(frozen=True)
class TokenClassifierModel:
    settings: TokenClassifier
    task: Spans
    network: Any
    tokenizer: Any
    course: Course | None = None
    held_out: int = 0

    def windows(self, texts: Sequence[str]) -> list[Window]:
        longest = min(self.settings.tokens, self.tokenizer.model_max_length)
        found = self.tokenizer(
            list(texts),
            truncation=True,
            max_length=longest,
            stride=longest // OVERLAP,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        return [
            Window(text, ids, [tuple(place) for place in places])
            for text, ids, places in zip(
                found["overflow_to_sample_mapping"], found["input_ids"], found["offset_mapping"], strict=True
            )
            if ids
        ]

    def logits(self, windows: Sequence[Window]) -> torch.Tensor:
        """Give the network's outputs, shape (windows, tokens, classes)."""
        tokens = self.tokenizer.pad({"input_ids": [each.ids for each in windows]}, return_tensors="pt")
        return self.network(**tokens.to(self.network.device)).logits

    def predict(self, records: pd.DataFrame) -> list[Proposal | None]:
        texts = column(records, self.settings.field)
        order = sorted(range(len(texts)), key=lambda row: (len(texts[row]), texts[row]))
        found: dict[int, Proposal] = {}
        with training.predicting(self.network):
            starts = range(0, len(order), BATCH)
            for start in progress(starts, "annotate: predictions", len(starts)):
                rows = order[start : start + BATCH]
                found.update(zip(rows, self._proposed([texts[row] for row in rows]), strict=True))
        return [found[row] for row in range(len(texts))]

    def save(self, folder: Path) -> None:
        """Write what `AutoModelForTokenClassification.from_pretrained` reads; of a checkpoint as it came, its hash."""
        if self.settings.schedule is None:
            tables.write_json(folder / "model.json", {"weights": self.settings._weights})
        else:
            self.network.save_pretrained(str(folder))
            self.tokenizer.save_pretrained(str(folder))

    def describe(
        self,
        records: pd.DataFrame,  # noqa: ARG002
        labels: Mapping[str, Value],  # noqa: ARG002
    ) -> dict[str, Any]:
        """Say how training went."""
        return {**asdict(self.course), "held_out": self.held_out} if self.course else {}

    def _proposed(self, texts: Sequence[str]) -> Iterator[Proposal]:
        import numpy as np
        import torch

        parts = [tokens(text) for text in texts]
        scores = [np.zeros((len(part), 1 + 2 * len(self.task.labels))) for part in parts]
        within = [np.zeros(len(part), dtype=bool) for part in parts]
        names = self.network.config.id2label
        meaning = meanings([names[place] for place in sorted(names)], self.settings.labels, self.task)
        windows = self.windows(texts)
        for start in range(0, len(windows), BATCH):
            some = windows[start : start + BATCH]
            shares = torch.softmax(self.logits(some).double(), dim=2).cpu().numpy() @ meaning
            for window, share in zip(some, shares, strict=True):
                for word, token, begun in words_of(parts[window.text], window.places):
                    scores[window.text][word] += share[token]
                    within[window.text][word] |= begun
        for part, score, inside in zip(parts, scores, within, strict=True):
            yield decided(part, score, inside, self.task)
