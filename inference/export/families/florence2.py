"""Florence-2 as transformers has it: DaViT, then BART over the photo and a task (florence-community/Florence-2-base).

The processor turns the task names of the model's card into the sentences below.
"""

import torch
from torch import Tensor, nn
from transformers import Florence2ForConditionalGeneration, PreTrainedTokenizerBase

from inference.export.decoders import Step
from inference.export.encoders import EncoderGraph
from inference.export.families import Words
from inference.export.families.bart import BartStep, Reader, cross_projection
from inference.export.families.davit import DaViT, grid
from inference.manifest import Detailed, Size

NETWORK = "Florence2ForConditionalGeneration"
TAKES_PROMPT = False

_CAPTION = "What does the image describe?"
_DETAILED_CAPTION = "Describe in detail what is shown in the image."
_DETAILED_LENGTH = 128
_PROMPT_PLACES = 64


def words(network: Florence2ForConditionalGeneration, _: PreTrainedTokenizerBase) -> Words:
    """The generation_config.json's, or the text decoder's."""
    wanted, config = network.generation_config, network.config.text_config
    start, end, pad = (
        getattr(wanted, name, None) if getattr(wanted, name, None) is not None else getattr(config, name)
        for name in ("decoder_start_token_id", "eos_token_id", "pad_token_id")
    )
    return Words(start, end, pad, config.max_position_embeddings)


def prompt(tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """<CAPTION>."""
    return _task(tokenizer, _CAPTION)


def detailed(network: Florence2ForConditionalGeneration, tokenizer: PreTrainedTokenizerBase) -> Detailed | None:
    """<DETAILED_CAPTION>."""
    return Detailed(
        max_length=_DETAILED_LENGTH,
        no_repeat_ngram_size=network.generation_config.no_repeat_ngram_size or 0,
        prompt_ids=_task(tokenizer, _DETAILED_CAPTION),
    )


def _task(tokenizer: PreTrainedTokenizerBase, sentence: str) -> tuple[int, ...]:
    text = f"{tokenizer.bos_token}{sentence}{tokenizer.eos_token}"
    return tuple(tokenizer(text, add_special_tokens=False).input_ids)


def refusal(network: Florence2ForConditionalGeneration, size: Size) -> str | None:
    """Say how large photos may be: there are embeddings for so many rows and columns."""
    most = network.config.vision_config.max_position_embeddings
    height, width = grid(size.height, size.width, network.model.vision_tower)
    positions = height * width + 1 + _PROMPT_PLACES
    if max(height, width) <= most and positions <= network.config.text_config.max_position_embeddings:
        return None
    return (
        f"has too few places for photos of {size.height}x{size.width} pixels: "
        "set a smaller size in its preprocessor_config.json; 768 is what it was trained with."
    )


def encoder(network: Florence2ForConditionalGeneration, size: Size) -> nn.Module:
    """Both halves of what it does before it speaks."""
    return _Encoder(network, size)


def decoder(network: Florence2ForConditionalGeneration, places: int) -> Step:
    """BART's."""
    return BartStep(network.model.language_model.decoder, network.lm_head, places)


def logits(network: Florence2ForConditionalGeneration, pixels: Tensor, prompt: Tensor, tokens: Tensor) -> Tensor:
    """With a placeholder for each position of the photo, before the prompt."""
    height, width = grid(pixels.shape[2], pixels.shape[3], network.model.vision_tower)
    image = torch.full((1, height * width + 1), network.config.image_token_id)
    ids = torch.cat([image, prompt], 1)
    found: Tensor = network(input_ids=ids, pixel_values=pixels, decoder_input_ids=tokens).logits
    return found


class _Encoder(EncoderGraph):
    """The photo's positions and their mean, projected into BART's width, are the first words of the prompt."""

    def __init__(self, network: Florence2ForConditionalGeneration, size: Size) -> None:
        body, config = network.model, network.config.text_config
        language, projector = body.language_model, body.multi_modal_projector
        cross = cross_projection(language.decoder)
        super().__init__(DaViT(body.vision_tower), cross, config.decoder_layers, config.decoder_attention_heads)
        height, width = grid(size.height, size.width, body.vision_tower)
        with torch.no_grad():
            places = projector.image_position_embed(torch.zeros(1, 1, height, width)).flatten(2).transpose(1, 2)
            places = places + projector.visual_temporal_embed(places[:, :1])
        self.register_buffer("places", places)
        self.project, self.norm = projector.image_projection, projector.image_proj_norm
        self.words = language.encoder.embed_tokens
        self.reader = Reader(language.encoder, places.shape[1] + 1 + _PROMPT_PLACES)

    def forward(  # type: ignore[override]  # (it reads a prompt, too)
        self, pixel_values: Tensor, prompt_ids: Tensor
    ) -> tuple[Tensor, ...]:
        """See `inference.export.families.Family.encoder`."""
        seen = self.trunk(pixel_values).flatten(2).transpose(1, 2) + self.places
        photo = self.norm(self.project(torch.cat([seen.mean(1, keepdim=True), seen], 1)))
        return self.keys_and_values(self.reader(torch.cat([photo, self.words(prompt_ids)], 1)))
