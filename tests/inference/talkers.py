"""Random checkpoints of models that only the torch engine runs, each with its own processor: no download."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    GemmaConfig,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessorPil,
    Idefics3Processor,
    Kosmos2Config,
    Kosmos2ForConditionalGeneration,
    Kosmos2Processor,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    PaliGemmaProcessor,
    PreTrainedTokenizerFast,
    SiglipImageProcessorPil,
    SiglipVisionConfig,
)

WORDS = 200
TEXT = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "head_dim": 16}
SIGHT = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "patch_size": 16}
CHAT = (
    "{% for message in messages %}<start>{{ message.role }}:{% for part in message.content %}"
    "{% if part.type == 'image' %}<image>{% else %}{{ part.text }}{% endif %}{% endfor %}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)


def tokenizer(*marks: str, **named: str) -> PreTrainedTokenizerFast:
    """Byte-level BPE, as these models have it, that knows whole words; `marks` are tokens that are not to be said."""
    special = ["<pad>", "<s>", "</s>", "<unk>", *marks]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = [*special, *letters, *(f"Ġword{index}" for index in range(WORDS))]
    merges: list[tuple[str, str]] = []
    known = set(letters)
    for word in names[len(special) + len(letters) :]:
        made = word[0]
        for letter in word[1:]:
            if made + letter not in known:
                merges.append((made, letter))
                known.add(made + letter)
            made += letter
    vocabulary = {name: place for place, name in enumerate([*special, *letters, *sorted(known - set(letters))])}
    backend = Tokenizer(models.BPE(vocabulary, merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(special[:4])
    backend.add_tokens(list(marks))
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>", **named
    )


def idefics3(
    folder: Path, text: dict[str, int] | None = None, sight: dict[str, int] | None = None, scale: int = 2
) -> Path:
    """What SmolVLM's checkpoints are, in a small size if no other is given; `scale` by `scale` patches are a token."""
    words = tokenizer("<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>", "<start>", "<end>")
    vision = sight or {**SIGHT, "image_size": 64}
    side, seen = vision["image_size"], (vision["image_size"] // vision["patch_size"] // scale) ** 2
    config = Idefics3Config(
        vision_config=vision,
        text_config=LlamaConfig(**(text or {**TEXT, "num_key_value_heads": 2, "vocab_size": len(words)})).to_dict(),
        scale_factor=scale,
        image_token_id=words.convert_tokens_to_ids("<image>"),
        pad_token_id=0,
    )
    images = Idefics3ImageProcessorPil(size={"longest_edge": 4 * side}, max_image_size={"longest_edge": side})
    processor = Idefics3Processor(images, words, image_seq_len=seen, chat_template=CHAT)
    return _saved(folder, Idefics3ForConditionalGeneration(config), processor, words)


def llava(folder: Path, template: str | None = None) -> Path:
    """Of its older checkpoints many have no chat template."""
    words = tokenizer("<image>")
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**SIGHT, image_size=64),
        text_config=LlamaConfig(**TEXT, num_key_value_heads=2, vocab_size=len(words)),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
    )
    size = {"height": 64, "width": 64}
    images = CLIPImageProcessorPil(size=size, crop_size=size)
    processor = LlavaProcessor(
        images, words, patch_size=16, vision_feature_select_strategy="default", num_additional_image_tokens=1,
        chat_template=template,
    )  # fmt: skip
    return _saved(folder, LlavaForConditionalGeneration(config), processor, words)


def paligemma(folder: Path) -> Path:
    """It is asked by a task: `caption en`."""
    words = tokenizer(
        "<image>", *(f"<loc{index:04}>" for index in range(16)), *(f"<seg{index:03}>" for index in range(4))
    )
    config = PaliGemmaConfig(
        vision_config=SiglipVisionConfig(**SIGHT, image_size=64, projection_dim=32).to_dict(),
        text_config=GemmaConfig(**TEXT, num_key_value_heads=1, vocab_size=len(words)).to_dict(),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        projection_dim=32,
    )
    images = SiglipImageProcessorPil(size={"height": 64, "width": 64})
    images.image_seq_length = 16
    return _saved(folder, PaliGemmaForConditionalGeneration(config), PaliGemmaProcessor(images, words), words)


def kosmos2(folder: Path, text: dict[str, int] | None = None, sight: dict[str, int] | None = None) -> Path:
    """microsoft/kosmos-2-patch14-224, in a small size if no other is given.

    It goes on with `An image of`, and marks phrases and places where it likes.
    """
    words = tokenizer()
    vision = sight or {**SIGHT, "image_size": 64}
    size = {"height": vision["image_size"], "width": vision["image_size"]}
    images = CLIPImageProcessorPil(size=size, crop_size=size)
    processor = Kosmos2Processor(images, words, num_patch_index_tokens=16)
    layers = text or {
        "vocab_size": len(words), "max_position_embeddings": 256, "embed_dim": 32, "layers": 2, "ffn_dim": 64,
        "attention_heads": 2,
    }  # fmt: skip
    ids = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    config = Kosmos2Config(text_config={**layers, **ids}, vision_config=vision, latent_query_num=64)
    return _saved(folder, Kosmos2ForConditionalGeneration(config), processor, words)


TALKERS: dict[str, Callable[[Path], Path]] = {
    "idefics3": idefics3,
    "llava": llava,
    "paligemma": paligemma,
    "kosmos-2": kosmos2,
}


def _saved(folder: Path, model: Any, processor: Any, words: PreTrainedTokenizerFast) -> Path:  # noqa: ANN401 (any of them)
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.normal_(0, 0.25)
    start = {"bos_token_id": words.bos_token_id, "eos_token_id": words.eos_token_id, "pad_token_id": words.pad_token_id}
    model.generation_config.update(**start)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
