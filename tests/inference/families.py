"""Random checkpoints in the form in which the hub has those that people choose, with tokenizers of the right kinds.

Every builder takes sizes, so that the same form serves tests (small) and benchmarks (as large as the real one).
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    BartTokenizer,
    BertTokenizer,
    BlipConfig,
    BlipForConditionalGeneration,
    Florence2Config,
    Florence2ForConditionalGeneration,
    GitConfig,
    GitForCausalLM,
    GPT2Config,
    GPT2Tokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
)

CLIP = {"image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]}
Shape = Literal["small", "base", "large"]
"""Small is for tests; the others are the sizes on the hub."""
SMALL = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 96}
LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_END_OF_TEXT = "<|endoftext|>"


def blip(folder: Path, seed: int = 0, shape: Shape = "small") -> Path:
    """Salesforce/blip-image-captioning-base, its large sibling, or a small one."""
    vocabulary = wordpiece()
    # [DEC] begins a caption and is not in the tokenizer; the end is sep_token_id, eos_token_id another thing.
    small = shape == "small"
    size, end, side = (len(vocabulary), 3, 64) if small else (30522, 102, 384)
    text = {"vocab_size": size + 2, "bos_token_id": size, "sep_token_id": end, "eos_token_id": 2}
    layers = SMALL if small else {"num_attention_heads": 12}
    places = {"max_position_embeddings": 40} if small else {}
    tower = LARGE if shape == "large" else layers
    config = BlipConfig(vision_config={**tower, "image_size": side}, text_config={**layers, **text, **places})
    _random(BlipForConditionalGeneration(config), seed, folder)
    _processor(folder, "BlipImageProcessor", "BlipProcessor", {"size": {"height": side, "width": side}, **CLIP})
    vocabulary.save_pretrained(folder)
    return folder


def git(folder: Path, seed: int = 0, shape: Shape = "small", **settings: object) -> Path:
    """microsoft/git-base-coco, or a small one."""
    vocabulary = wordpiece()
    small = shape == "small"
    size, start, end, side = (len(vocabulary), 2, 3, 64) if small else (30522, 101, 102, 224)
    facts = {"vocab_size": size, "bos_token_id": start, "eos_token_id": end, **settings}
    layers = SMALL if small else {}
    places = {"max_position_embeddings": 40} if small else {}
    config = GitConfig(vision_config={**layers, "image_size": side}, **layers, **places, **facts)
    _random(GitForCausalLM(config), seed, folder)
    crop = {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}, "do_center_crop": True}
    _processor(folder, "CLIPImageProcessor", "GitProcessor", {**crop, **CLIP})
    vocabulary.save_pretrained(folder)
    return folder


def florence2(folder: Path, seed: int = 0, side: int = 64, shape: Shape = "small") -> Path:
    """florence-community/Florence-2-base, its large sibling, or a small one."""
    vocabulary = byte_level(["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<image>", "<loc_0>", "<loc_1>"])
    size = vocabulary.get_vocab_size() if shape == "small" else 51290
    image = vocabulary.token_to_id("<image>")
    tower: dict[str, Any] = {"projection_dim": 768}
    text: dict[str, Any] = {"d_model": 768, "encoder_layers": 6, "decoder_layers": 6}
    heads, wide = 12, 3072
    if shape == "large":
        parts = (8, 16, 32, 64)
        tower = {"embed_dim": (256, 512, 1024, 2048), "num_heads": parts, "num_groups": parts, "projection_dim": 1024}
        text, heads, wide = {"d_model": 1024, "encoder_layers": 12, "decoder_layers": 12}, 16, 4096
    elif shape == "small":
        # 64 pixels leave 16, 8, 4 and 2 positions a side: windows of 3 are padded.
        tower = {"embed_dim": (16, 24, 32, 48), "depths": (1, 1, 2, 1), "num_heads": (2, 2, 4, 4), "window_size": 3}
        tower |= {"num_groups": (2, 2, 4, 4), "projection_dim": 48, "max_position_embeddings": 8}
        text, heads, wide = {"d_model": 48, "encoder_layers": 2, "decoder_layers": 2}, 4, 96
    both = {
        f"{half}_{part}": value
        for half in ("encoder", "decoder")
        for part, value in {"attention_heads": heads, "ffn_dim": wide}.items()
    }
    ids = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2}
    config = Florence2Config(
        vision_config=tower,
        text_config={"model_type": "bart", "vocab_size": size, "max_position_embeddings": 1024, **ids, **text, **both},
        image_token_id=image,
    )
    forced = {"forced_bos_token_id": 0, "forced_eos_token_id": 2}
    searched = {"num_beams": 3, "early_stopping": True, "no_repeat_ngram_size": 3}
    _random(Florence2ForConditionalGeneration(config), seed, folder, {**ids, **forced, **searched})
    positions = (side // 32) ** 2 + 1
    facts = {
        "size": {"height": side, "width": side},
        "image_seq_length": positions,
        "crop_size": {"height": side, "width": side},
    }
    imagenet = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    _processor(folder, "CLIPImageProcessor", "Florence2Processor", {**facts, **imagenet, "do_center_crop": False})
    BartTokenizer(
        vocab=vocabulary.get_vocab(), merges=_merges(vocabulary), extra_special_tokens={"image_token": "<image>"}
    ).save_pretrained(folder)
    return folder


def vit_gpt2(
    folder: Path, seed: int = 0, generation: dict[str, Any] | None = None, shape: Shape = "small", layers: int = 12
) -> Path:
    """nlpconnect/vit-gpt2-image-captioning, or a small one; Mozilla/distilvit has 6 of the decoder's `layers`.

    As the hub has it: weights in pytorch_model.bin, a preprocessor_config.json of an older form, a size that is a
    number, and <|endoftext|> for everything.
    """
    vocabulary = byte_level([_END_OF_TEXT])
    GPT2Tokenizer(vocab=vocabulary.get_vocab(), merges=_merges(vocabulary)).save_pretrained(folder)
    end = vocabulary.token_to_id(_END_OF_TEXT)
    sizes = {"n_embd": 48, "n_layer": 2, "n_head": 4, "n_positions": 40, "vocab_size": vocabulary.get_vocab_size()}
    encoder = ViTConfig(**SMALL, image_size=64, patch_size=16) if shape == "small" else ViTConfig()
    ends = {"bos_token_id": end, "eos_token_id": end}
    decoder = GPT2Config(
        **(sizes if shape == "small" else {"n_layer": layers}),
        **ends,
        task_specific_params={"text-generation": {"max_length": 50}},
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    model = _random(VisionEncoderDecoderModel(config), seed, folder)
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    facts = json.loads((folder / "config.json").read_text())
    facts |= {"decoder_start_token_id": end, "eos_token_id": end, "bos_token_id": end, "pad_token_id": end}
    (folder / "config.json").write_text(json.dumps(facts))
    (folder / "generation_config.json").unlink()
    if generation is not None:
        begun = {"decoder_start_token_id": end, "pad_token_id": end, **ends}
        (folder / "generation_config.json").write_text(json.dumps({"_from_model_config": True, **begun, **generation}))
    half = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    older = {"do_normalize": True, "do_resize": True, "feature_extractor_type": "ViTFeatureExtractor", "resample": 2}
    side = model.config.encoder.image_size
    (folder / "preprocessor_config.json").write_text(json.dumps({**older, **half, "size": side}))
    return folder


def wordpiece() -> PreTrainedTokenizerBase:
    """BERT's kind of tokenizer, with many ##pieces."""
    trained = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    trained.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trained.train_from_iterator(_sentences(), trainers.WordPieceTrainer(vocab_size=260, special_tokens=_SPECIAL))
    return BertTokenizer(vocab=trained.get_vocab())


def byte_level(special: Sequence[str]) -> Tokenizer:
    """GPT-2's and BART's kind of vocabulary: pieces of words with their spaces, down to single bytes."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trained.train_from_iterator(
        _sentences(),
        trainers.BpeTrainer(vocab_size=400, special_tokens=list(special), initial_alphabet=alphabet),
    )
    return trained


def _sentences() -> Iterator[str]:
    subjects = "a photograph of a woman, two men, the dog, some cats, an old train, it's a bird, three white boats"
    places = "on the beach., in front of a house!, next to the window, at night, with umbrellas, under a bridge?"
    for subject in subjects.split(", "):
        for place in places.split(", "):
            yield f"a photograph of {subject} standing {place}"
            yield f"{subject} is looking {place}"


def _merges(trained: Tokenizer) -> list[tuple[str, str]]:
    found = json.loads(trained.to_str())["model"]["merges"]
    return [tuple(merge) if isinstance(merge, list) else tuple(merge.split(" ")) for merge in found]


def _random(
    model: PreTrainedModel, seed: int, folder: Path, generation: dict[str, Any] | None = None
) -> PreTrainedModel:
    """Draw the weights, so large in small models that no caption hangs on a rounding, and save them."""
    torch.manual_seed(seed)
    small = sum(weight.numel() for weight in model.parameters()) < 10_000_000
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() == 4:
                weight.normal_(0, 0.05 if small else 0.02)
            elif weight.dim() > 1:
                weight.normal_(0, 0.25 if small else 0.02)
            elif small:
                weight += torch.randn_like(weight) * 0.1
            elif weight.shape[0] > 10_000:  # some words are likelier than others, as after a training
                weight.normal_()
    # Random models say one thing for ever, which would prove little.
    model.generation_config.update(**{"no_repeat_ngram_size": 2, **(generation or {})})
    model.save_pretrained(folder)
    return model


def _processor(folder: Path, image: str, whole: str, facts: dict[str, Any]) -> None:
    common = {"do_resize": True, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "resample": 3}
    kinds = {"image_processor_type": image, "processor_class": whole}
    (folder / "preprocessor_config.json").write_text(json.dumps({**common, **kinds, **facts}))
