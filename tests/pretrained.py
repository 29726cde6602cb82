"""Tiny models of real architectures, made on the spot."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any


def read(folder: Path) -> dict[str, bytes]:
    """The files of a folder, as a model is saved in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


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


def images(model: Any, folder: Path, side: int = 32) -> str:
    """Write a model of pictures, with what makes pictures fit it."""
    from transformers import ViTImageProcessorPil

    model.save_pretrained(str(folder))
    ViTImageProcessorPil(size={"height": side, "width": side}).save_pretrained(str(folder))
    return str(folder)


def clip(texts: Iterable[str], folder: Path, kind: str = "clip") -> str:
    """A tiny CLIP, or SigLIP, of random weights."""
    import torch
    import transformers

    size = tokenizer(texts, folder / "bert")  # with padding
    torch.manual_seed(1)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    words = {"vocab_size": size, "max_position_embeddings": 16, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1}
    towers = {"vision_config": {**shape, "image_size": 32, "patch_size": 8}, "text_config": {**shape, **words}}
    if kind == "clip":
        made = transformers.CLIPModel(transformers.CLIPConfig(**towers, projection_dim=16))
    else:
        made = transformers.SiglipModel(transformers.SiglipConfig(**towers))
    return images(made, folder / "bert")


def vit(folder: Path) -> str:
    """A tiny ViT without weights to pool with, as classifiers are published."""
    import torch
    from transformers import ViTConfig, ViTForImageClassification

    torch.manual_seed(1)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    return images(ViTForImageClassification(ViTConfig(**shape, image_size=32, patch_size=8)), folder / "vit")


def dinov2(folder: Path) -> str:
    import torch
    from transformers import Dinov2Config, Dinov2Model

    torch.manual_seed(1)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    return images(Dinov2Model(Dinov2Config(**shape, image_size=32, patch_size=8)), folder / "dinov2")


TINY = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
ANIMALS = {"id2label": {0: "cat", 1: "dog"}, "label2id": {"cat": 0, "dog": 1}}


def objects(kind: str, folder: Path) -> str:
    """A tiny model of random weights for objects of each kind; `semantic` is an image-segmentation, too."""
    import torch
    import transformers as library

    torch.manual_seed(3)
    network, processor = {
        "object-detection": _yolos,
        "zero-shot-object-detection": _owl,
        "image-segmentation": _maskformer,
        "semantic": _segformer,
        "mask-generation": _sam,
    }[kind](library)
    place = folder / kind / "bert"
    if kind == "zero-shot-object-detection":
        tokenizer(["a photo of a cat dog"], place)
    network.save_pretrained(str(place))
    processor.save_pretrained(str(place))
    return str(place)


def _yolos(library: Any) -> tuple[Any, Any]:
    config = library.YolosConfig(**TINY, **ANIMALS, image_size=[32, 48], patch_size=8, num_detection_tokens=12)
    network = library.YolosForObjectDetection(config)
    for head in (network.class_labels_classifier, network.bbox_predictor):
        head.layers[-1].weight.data *= 100  # so that one object is not as the other
    return network, library.YolosImageProcessorPil(size={"height": 32, "width": 48})


def _owl(library: Any) -> tuple[Any, Any]:
    import torch

    words = {"vocab_size": 9, "max_position_embeddings": 16, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1}
    towers = {"vision_config": {**TINY, "image_size": 32, "patch_size": 8}, "text_config": {**TINY, **words}}
    side = {"height": 32, "width": 32}
    processor = library.OwlViTImageProcessorPil(size=side, crop_size=side)
    network = library.OwlViTForObjectDetection(library.OwlViTConfig(**towers, projection_dim=32))
    network.box_head.dense2.weight.data *= 0.01  # so that its boxes are where they are looked for
    network.box_head.dense2.bias.data[:] = torch.tensor([0.0, 0.0, 1.0, 1.0])
    return network, processor


def _maskformer(library: Any) -> tuple[Any, Any]:
    stages = {"out_features": ["stage1", "stage2", "stage3", "stage4"], "depths": [1] * 4, "num_heads": [1, 1, 2, 2]}
    backbone = library.SwinConfig(image_size=32, patch_size=4, embed_dim=16, window_size=4, **stages)
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
    decoder = library.DetrConfig(d_model=32, encoder_layers=1, decoder_layers=1, num_queries=6, **heads)
    sizes = {"fpn_feature_size": 32, "mask_feature_size": 32}
    network = library.MaskFormerForInstanceSegmentation(
        library.MaskFormerConfig(backbone_config=backbone, decoder_config=decoder, **sizes, **ANIMALS)
    )
    network.class_predictor.bias.data[:2] += 4  # so that it finds something
    network.class_predictor.weight.data *= 30
    return network, library.MaskFormerImageProcessorPil(size={"height": 32, "width": 64}, size_divisor=32)


def _segformer(library: Any) -> tuple[Any, Any]:
    shape = {"depths": [1, 1], "sr_ratios": [2, 1], "hidden_sizes": [16, 16], "num_attention_heads": [1, 1]}
    patches = {"patch_sizes": [7, 3], "strides": [4, 2], "mlp_ratios": [2, 2], "decoder_hidden_size": 16}
    network = library.SegformerForSemanticSegmentation(
        library.SegformerConfig(num_encoder_blocks=2, **shape, **patches, **ANIMALS)
    )
    network.decode_head.classifier.weight.data *= 50
    return network, library.SegformerImageProcessorPil(size={"height": 32, "width": 64})


def _sam(library: Any) -> tuple[Any, Any]:
    sizes = {"image_size": 64, "patch_size": 8}
    vision = {"hidden_size": 32, "output_channels": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "mlp_dim": 32}
    windows = {"global_attn_indexes": [1], "window_size": 4, "num_pos_feats": 8}
    decoder = {"hidden_size": 16, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 16}
    network = library.SamModel(
        library.SamConfig(
            vision_config=vision | windows | sizes,
            prompt_encoder_config={"hidden_size": 16, "mask_input_channels": 4} | sizes,
            mask_decoder_config=decoder,
        )
    )
    network.mask_decoder.iou_prediction_head.proj_out.bias.data += 0.9
    for each in network.mask_decoder.output_hypernetworks_mlps:
        each.proj_out.weight.data *= 1e6  # so that its masks have a border
    sides = {"size": {"longest_edge": 64}, "mask_size": {"longest_edge": 16}}
    pads = {"pad_size": {"height": 64, "width": 64}, "mask_pad_size": {"height": 16, "width": 16}}
    return network, library.SamImageProcessorPil(**sides, **pads)


LETTERS = " abcdefghijklmnopqrstuvwxyz"


def wav2vec2(folder: Path) -> str:
    """A tiny model of speech that marks each moment with a letter."""
    import json

    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC

    place = folder / "wav2vec2"
    place.mkdir()
    signs = ["<pad>", "<s>", "</s>", "<unk>", "|", *LETTERS[1:]]
    (place / "vocab.json").write_text(json.dumps({sign: number for number, sign in enumerate(signs)}))
    Wav2Vec2CTCTokenizer(str(place / "vocab.json")).save_pretrained(str(place))
    Wav2Vec2FeatureExtractor(sampling_rate=16_000).save_pretrained(str(place))
    torch.manual_seed(3)
    filters = {"conv_dim": (16, 16), "conv_kernel": (10, 8), "conv_stride": (40, 8), "num_feat_extract_layers": 2}
    positions = {"num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4}
    network = Wav2Vec2ForCTC(Wav2Vec2Config(vocab_size=len(signs), **TINY, **filters, **positions))
    network.lm_head.weight.data *= 30  # so that one moment is not as the other
    network.save_pretrained(str(place))
    return str(place)


def whisper(folder: Path) -> str:
    """A tiny model of speech with a decoder, which hears two seconds."""
    import torch
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

    place = folder / "bert"  # with padding
    size = tokenizer(["one two three four five six seven eight nine zero"], place)
    WhisperFeatureExtractor(feature_size=16, chunk_length=2).save_pretrained(str(place))
    torch.manual_seed(3)
    layers = {"encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    sizes = {"d_model": 32, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "num_mel_bins": 16}
    places = {"max_source_positions": 100, "max_target_positions": 64}
    ends = {"bos_token_id": 2, "eos_token_id": 2, "pad_token_id": 1, "decoder_start_token_id": 2}
    network = WhisperForConditionalGeneration(WhisperConfig(vocab_size=size, **layers, **sizes, **places, **ends))
    encoder, [decoder] = network.model.encoder, network.model.decoder.layers
    heard = (encoder.conv1, encoder.conv2, decoder.encoder_attn.v_proj, decoder.encoder_attn.out_proj)
    for each in (*heard, network.model.decoder.embed_positions):  # so that it does not say the same of all
        each.weight.data *= 20
    network.model.decoder.embed_tokens.weight.data *= 8
    network.generation_config.begin_suppress_tokens = [2]
    network.save_pretrained(str(place))
    return str(place)
