"""BLIP: a vision transformer of 384 pixels before BERT with cross-attention (Salesforce/blip-image-captioning-base).

`BlipForConditionalGeneration.generate` hands the photo to its text decoder, which begins with [DEC] and, where there is
one, the prompt; it ends with [SEP], whatever eos_token_id says.
"""

from torch import Tensor, nn
from transformers import BlipForConditionalGeneration, PreTrainedTokenizerBase

from inference.export.decoders import BertStep, Step, cross_projection, linear
from inference.export.encoders import Block, EncoderGraph, VisionTransformer
from inference.export.families import Words
from inference.export.families.refusals import wrong_size
from inference.manifest import Detailed, Size

NETWORK = "BlipForConditionalGeneration"
TAKES_PROMPT = True


def words(network: BlipForConditionalGeneration, _: PreTrainedTokenizerBase) -> Words:
    """The text decoder's."""
    config = network.config.text_config
    return Words(config.bos_token_id, config.sep_token_id, config.pad_token_id, config.max_position_embeddings)


def prompt(_: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """None for the encoder: BLIP reads its prompt as the beginning of the caption."""
    return ()


def detailed(_: BlipForConditionalGeneration, __: PreTrainedTokenizerBase) -> Detailed | None:
    """Not by asking."""
    return None


def refusal(network: BlipForConditionalGeneration, size: Size) -> str | None:
    """Only for a size that is not the encoder's."""
    return wrong_size(network.config.vision_config.image_size, size)


def encoder(network: BlipForConditionalGeneration, _: Size) -> nn.Module:
    """The vision model, and what each layer of the text decoder looks at."""
    vision, config = network.vision_model, network.config.text_config
    embeddings = vision.embeddings
    trunk = VisionTransformer(
        embeddings.patch_embedding,
        embeddings.class_embedding,
        embeddings.position_embedding,
        map(_block, vision.encoder.layers),
        vision.post_layernorm,
    )
    cross = cross_projection(network.text_decoder)
    return EncoderGraph(trunk, cross, config.num_hidden_layers, config.num_attention_heads)


def decoder(network: BlipForConditionalGeneration, places: int) -> Step:
    """The text decoder."""
    return BertStep(network.text_decoder, places)


def logits(network: BlipForConditionalGeneration, pixels: Tensor, _: Tensor, tokens: Tensor) -> Tensor:
    """Both halves at once."""
    found: Tensor = network(pixel_values=pixels, input_ids=tokens).logits
    return found


def _block(layer: nn.Module) -> Block:
    attention = layer.self_attn
    norms = (layer.layer_norm1, layer.layer_norm2)
    split = linear(attention.qkv.weight, attention.qkv.bias)
    return Block(norms, split, attention.projection, layer.mlp, attention.num_heads)
