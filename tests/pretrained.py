"""Tiny models of real architectures, made on the spot, and real tweets."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd


def tweets(count: int) -> pd.DataFrame:
    """Tweets that are clearly positive or negative, as many of each."""
    from benchmarks.few_shot import tweets as rated  # a project made of the template has none

    table = rated()
    halves = [table[table["label"] == label].head(count // 2) for label in ("positive", "negative")]
    return pd.concat(halves).sort_values("id").reset_index(drop=True)


def tokenizer(texts: Iterable[str], folder: Path) -> int:
    """Write a tokenizer that knows the words of some texts; give their number."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.train_from_iterator(sorted(texts), trainers.WordLevelTrainer(special_tokens=["[UNK]", "[PAD]", "</s>"]))
    fast = PreTrainedTokenizerFast(tokenizer_object=made, unk_token="[UNK]", eos_token="</s>", model_max_length=64)
    if folder.name == "bert":
        fast.pad_token = "[PAD]"
    fast.save_pretrained(str(folder))
    return made.get_vocab_size()


def bert(texts: Iterable[str], folder: Path) -> str:
    import torch
    from transformers import BertConfig, BertModel

    size = tokenizer(texts, folder / "bert")
    torch.manual_seed(1)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=size, pad_token_id=1, max_position_embeddings=64, **shape)).save_pretrained(
        str(folder / "bert")
    )
    return str(folder / "bert")


def llama(texts: Iterable[str], folder: Path) -> str:
    """A decoder, whose tokenizer has no token for padding."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    size = tokenizer(texts, folder / "llama")
    torch.manual_seed(1)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    LlamaForCausalLM(LlamaConfig(vocab_size=size, eos_token_id=2, max_position_embeddings=64, **shape)).save_pretrained(
        str(folder / "llama")
    )
    return str(folder / "llama")
