"""Transcripts that a pretrained model of speech writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError, tables
from stages.annotators import checkpoints, pretrained, training
from stages.annotators.base import only
from stages.annotators.given import Given, GivenModel
from stages.annotators.keeping import kept
from stages.annotators.sounds.reading import content, heard
from stages.annotators.texts import column
from stages.tasks import Proposal, Task, Text

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

FILE = "transcripts.sqlite"
SHORTEST = 0.1  # seconds; a shorter sound gets silence at its end, since convolutions need some length
QUIET = 0.02  # seconds over which it is looked how loud a sound is


@dataclass(frozen=True)
class Transcriber(Given["TranscriberModel"]):
    """A checkpoint of Hugging Face's for speech recognition, as it is: one that marks each moment with a sign (CTC, as
    Wav2Vec2 and HuBERT), or an encoder with a decoder (as Whisper and Speech2Text).

    It takes the most probable token each time, one record after the other, and on the CPU in double precision, so that
    neither chance nor the other records show. The confidence is the mean probability of the tokens, before calibration.
    Transcripts are kept in the user's cache by model and content.

    Parameters
    ----------
    field
        The field with the sound.
    model, revision
        A folder, `package:name`, or a name on the hub with its commit.
    language
        What is spoken, for models that are told, such as `en`; None: the model hears which it is.
    seconds
        The longest stretch that is heard at once; a longer sound is cut in the last fifth of each where it is quietest.
    written
        The most tokens of a stretch that a decoder writes.

    References
    ----------
    A. Baevski et al., wav2vec 2.0: A Framework for Self-Supervised Learning of Speech Representations, NeurIPS (2020).
    A. Radford et al., Robust Speech Recognition via Large-Scale Weak Supervision, ICML (2023).
    """

    name = "transcriber"

    field: str
    model: str
    revision: str | None = None
    language: str | None = None
    seconds: float = 30
    written: int = 224

    def __post_init__(self) -> None:
        if self.seconds < 1 or self.written < 1:
            raise InputError("annotator.seconds and written: 1 or more is expected")

    def given(self, task: Task) -> TranscriberModel:
        only(task, Text)
        return TranscriberModel(self, self.folder())


@dataclass(frozen=True)
class TranscriberModel(GivenModel):
    settings: Transcriber
    folder: Path

    def predict(self, records: pd.DataFrame) -> list[Proposal | None]:
        files = column(records, self.settings.field)
        keys = {path: sha256(content(path)).digest() for path in files if path}
        items = {key: path for path, key in keys.items()}
        told = [self.settings.weights(), *self._decisive, training.device()]
        model = sha256(tables.dump_line(told).encode()).hexdigest()
        known = kept(FILE, model, items, self._make, 1, "annotate: transcripts")
        made = {key: json.loads(value) for key, value in known.items()}
        return [Proposal(*made[keys[path]]) if path and made[keys[path]][0] else None for path in files]

    @property
    def _decisive(self) -> list[Any]:
        return [self.settings.language, self.settings.seconds, self.settings.written]

    def _make(self, files: Sequence[str]) -> list[bytes]:
        torch = pretrained.library("torch")

        with training.fixed_threads(), torch.no_grad():
            return [json.dumps(self._transcribe(path)).encode() for path in files]

    def _transcribe(self, path: str) -> tuple[str, float]:
        """Give what is said, and how sure that is; nothing is the empty text."""
        speech = _speech(self.folder)
        texts: list[str] = []
        chances: list[float] = []
        for stretch in stretches(heard(path, speech.rate), speech.rate, self.settings.seconds):
            text, sure = speech.hear(stretch, self.settings)
            if text:
                texts.append(text)
                chances += sure
        return " ".join(texts), round(sum(chances) / len(chances), tables.DIGITS) if chances else 0.0


def stretches(samples: np.ndarray, rate: int, seconds: float) -> Iterator[np.ndarray]:
    """Cut a sound into stretches of so many seconds at most, each but the last where its last fifth is quietest."""
    import numpy as np

    longest, step = int(seconds * rate), max(int(QUIET * rate), 1)
    while len(samples) > longest:
        start = longest - longest // 5
        frames = samples[start : start + (longest - start) // step * step].reshape(-1, step)
        end = start + int((frames**2).sum(axis=1).round(9).argmin()) * step + step // 2
        yield samples[:end]
        samples = samples[end:]
    yield np.pad(samples, (0, max(0, int(SHORTEST * rate) - len(samples))))


@dataclass(frozen=True)
class _Speech:
    """A network of speech, and what makes sounds and tokens fit it."""

    network: Any
    extractor: Any
    tokenizer: Any
    decodes: bool  # into a sequence of its own; else it marks each moment

    @property
    def rate(self) -> int:
        return int(self.extractor.sampling_rate)

    def hear(self, samples: np.ndarray, settings: Transcriber) -> tuple[str, list[float]]:
        """Give what is said in a sound, and the probability of each token."""
        given = self.extractor(samples, sampling_rate=self.rate, return_tensors="pt", return_attention_mask=True)
        given = {
            name: each.to(self.network.device, self.network.dtype) if each.is_floating_point() else each
            for name, each in given.items()
        }
        tokens, chances = self._written(given, settings) if self.decodes else self._marked(given)
        return self.tokenizer.decode(tokens, skip_special_tokens=True).strip(), chances

    def _marked(self, given: dict[str, Any]) -> tuple[list[int], list[float]]:
        """Take the likeliest sign of each moment; a token is a run of one sign that is not the blank."""
        sure, signs = self.network(**given).logits[0].double().softmax(dim=-1).max(dim=-1)
        moments = zip(signs.tolist(), sure.tolist(), strict=True)
        runs = [(sign, max(chance for _, chance in run)) for sign, run in groupby(moments, key=lambda each: each[0])]
        blank = self.network.config.pad_token_id
        return signs.tolist(), [chance for sign, chance in runs if sign != blank]

    def _written(self, given: dict[str, Any], settings: Transcriber) -> tuple[list[int], list[float]]:
        import torch

        told = {"language": settings.language} if settings.language else {}
        if getattr(self.network.generation_config, "is_multilingual", False):
            told["task"] = "transcribe"  # and not to translate
        try:
            made = self.network.generate(
                **given,
                **told,
                max_new_tokens=settings.written,
                do_sample=False,
                num_beams=1,
                return_dict_in_generate=True,
                output_scores=True,
            )
        except ValueError as error:
            why = " ".join(str(error).split())[:200]
            raise InputError(f"annotator: the model does not take these settings ({why})") from error
        chances, tokens = torch.stack(made.scores)[:, 0].double().softmax(dim=-1).max(dim=-1)  # none is drawn
        return tokens.tolist(), chances.tolist()


@cache
def _speech(folder: Path) -> _Speech:
    library = pretrained.library("transformers")
    with checkpoints.refused(folder.name, "does not recognise speech"):
        config = library.AutoConfig.from_pretrained(str(folder), local_files_only=True)
        kind = library.AutoModelForSpeechSeq2Seq if config.is_encoder_decoder else library.AutoModelForCTC
        extractor = library.AutoFeatureExtractor.from_pretrained(str(folder), local_files_only=True)
        tokenizer = library.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        network, _ = checkpoints.entire(kind, folder, "float64" if training.device() == "cpu" else "float32")
    return _Speech(network, extractor, tokenizer, config.is_encoder_decoder)
