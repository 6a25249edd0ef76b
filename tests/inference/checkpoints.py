"""Random checkpoints of every family that exports, and photos to caption: no download, the same ones every time.

Their weights are larger than at the start of a training, so that logits lie far apart and no caption hangs on a
rounding.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    BertConfig,
    DeiTConfig,
    Dinov2Config,
    GPT2Config,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    SwinConfig,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
)

PAD, START, END, UNKNOWN = range(4)
VOCABULARY = 300
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}

_TINY = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 3}
ENCODERS: dict[str, PreTrainedConfig] = {
    "vit": ViTConfig(**_TINY, intermediate_size=96, image_size=64, patch_size=16),
    "deit": DeiTConfig(**_TINY, intermediate_size=96, image_size=64, patch_size=16),
    "dinov2": Dinov2Config(**_TINY, mlp_ratio=2, image_size=112, patch_size=14),  # photos are 56: places interpolate
    "dinov2-gated": Dinov2Config(**_TINY, mlp_ratio=3, image_size=112, patch_size=14, use_swiglu_ffn=True),
    "swin": SwinConfig(embed_dim=24, depths=[2, 2], num_heads=[2, 4], window_size=4, image_size=64, patch_size=4),
}
DECODERS: dict[str, PreTrainedConfig] = {
    "bert": BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=40,
    ),
    "gpt2": GPT2Config(vocab_size=VOCABULARY, n_embd=48, n_layer=2, n_head=4, n_positions=40),
}
PROCESSORS: dict[str, dict[str, Any]] = {
    "vit": {"image_processor_type": "ViTImageProcessor", "size": {"height": 64, "width": 64}, "resample": 2},
    "deit": {
        "image_processor_type": "DeiTImageProcessor",
        "size": {"height": 80, "width": 80},
        "crop_size": {"height": 64, "width": 64},
        "do_center_crop": True,
        "resample": 3,
    },
    "dinov2": {
        "image_processor_type": "BitImageProcessor",
        "size": {"shortest_edge": 70},
        "crop_size": {"height": 56, "width": 56},
        "do_center_crop": True,
        "resample": 3,
    },
}


def save(
    folder: Path,
    encoder: str,
    decoder: str,
    seed: int = 0,
    generation: dict[str, Any] | None = None,
    spread: float = 0.25,
) -> Path:
    """Save a random checkpoint with its image processor, tokenizer and generation config; returns the folder."""
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(ENCODERS[encoder], DECODERS[decoder])
    return write(folder, config, PROCESSORS.get(encoder.partition("-")[0], PROCESSORS["vit"]), seed, generation, spread)


def write(
    folder: Path,
    config: VisionEncoderDecoderConfig,
    processor: dict[str, Any],
    seed: int,
    generation: dict[str, Any] | None = None,
    spread: float = 0.25,
) -> Path:
    """Save a random checkpoint of any configuration."""
    torch.manual_seed(seed)
    model = VisionEncoderDecoderModel(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                weight.normal_(0, spread if "patch_embeddings" not in name else 0.05)
    start = {"decoder_start_token_id": START, "bos_token_id": START, "eos_token_id": END, "pad_token_id": PAD}
    model.generation_config.update(**{**start, "max_length": 16, "num_beams": 3, **(generation or {})})
    model.save_pretrained(folder)
    facts = {"do_resize": True, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, **IMAGENET}
    (folder / "preprocessor_config.json").write_text(json.dumps({**facts, **processor}))
    tokenizer(config.decoder.vocab_size).save_pretrained(folder)
    return folder


def tokenizer(size: int) -> PreTrainedTokenizerFast:
    """A vocabulary of made-up words."""
    special = ["[PAD]", "[CLS]", "[SEP]", "[UNK]"]
    words = {
        word: index for index, word in enumerate([*special, *(f"w{index}" for index in range(size - len(special)))])
    }
    backend = Tokenizer(models.WordPiece(words, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        unk_token="[UNK]",
        bos_token="[CLS]",
        eos_token="[SEP]",
    )


def photo(seed: int, size: tuple[int, int] = (96, 80)) -> Image.Image:
    """A picture of a few coloured shapes on a gradient; `size` is (width, height)."""
    draw = np.random.default_rng(seed)
    coarse = draw.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def photos(folder: Path, count: int) -> list[Path]:
    """Save `count` pictures as files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{index:03}.jpg" for index in range(count)]
    for index, path in enumerate(paths):
        photo(index, (80 + 7 * (index % 5), 70 + 9 * (index % 4))).save(path, quality=95)
    return paths


def production(folder: Path, tokens: int) -> Path:
    """Save a random checkpoint of the production model's shape: ViT-small and BERT-mini, 34.2 million parameters.

    It never says its end token, so that every caption is `tokens` long. Some words are likelier than others, as a
    trained model has it: without that every caption would hang on the last bit.
    """
    encoder = ViTConfig(hidden_size=384, num_hidden_layers=12, num_attention_heads=6, intermediate_size=1536)
    decoder = BertConfig(
        vocab_size=30522, hidden_size=256, num_hidden_layers=4, num_attention_heads=4, intermediate_size=1024
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    processor = {"image_processor_type": "ViTImageProcessor", "size": {"height": 224, "width": 224}, "resample": 2}
    write(folder, config, processor, 0, {"max_length": tokens + 1, "suppress_tokens": [END]}, spread=0.02)
    model = VisionEncoderDecoderModel.from_pretrained(folder)
    with torch.no_grad():
        model.decoder.cls.predictions.bias.normal_()
    model.save_pretrained(folder)
    return folder
