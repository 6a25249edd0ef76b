"""Any vision transformer before BERT or GPT-2: cnmoro/mini-image-captioning, nlpconnect/vit-gpt2-image-captioning, ...

The first model of this kind that many people try, and Firefox's (Mozilla/distilvit), say <|endoftext|> to begin, to end
and to pad alike.
"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase, VisionEncoderDecoderModel

from inference.export.decoders import BertStep, Gpt2Step, Step, cross_projection, joined
from inference.export.encoders import Block, EncoderGraph, VisionTransformer
from inference.export.families import Words
from inference.export.families.refusals import wrong_size
from inference.manifest import Detailed, Size

NETWORK = "VisionEncoderDecoderModel"
TAKES_PROMPT = True

_ENCODERS = ("vit", "deit", "dinov2", "swin")
_DECODERS: dict[str, Callable[..., Step]] = {"bert": BertStep, "gpt2": Gpt2Step}


def words(network: VisionEncoderDecoderModel, tokenizer: PreTrainedTokenizerBase) -> Words:
    """Look where older checkpoints say it, too: in either config, and in the tokenizer."""
    wanted, config, decoder = network.generation_config, network.config.to_dict(), network.config.decoder.to_dict()
    starts = (
        wanted.decoder_start_token_id,
        config.get("decoder_start_token_id"),
        wanted.bos_token_id,
        tokenizer.cls_token_id,
        tokenizer.bos_token_id,
    )
    ends = (
        wanted.eos_token_id,
        config.get("eos_token_id"),
        decoder.get("eos_token_id"),
        tokenizer.sep_token_id,
        tokenizer.eos_token_id,
    )
    pads = (wanted.pad_token_id, config.get("pad_token_id"), tokenizer.pad_token_id)
    start, end, pad = (next((id_ for id_ in ids if id_ is not None), None) for ids in (starts, ends, pads))
    return Words(start, end, pad, network.config.decoder.max_position_embeddings)


def prompt(_: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """None."""
    return ()


def detailed(_: VisionEncoderDecoderModel, __: PreTrainedTokenizerBase) -> Detailed | None:
    """Not by asking."""
    return None


def refusal(network: VisionEncoderDecoderModel, size: Size) -> str | None:
    """Say which pairs export, and that the size must be the encoder's."""
    encoder, decoder = network.config.encoder, network.config.decoder
    if encoder.model_type not in _ENCODERS or decoder.model_type not in _DECODERS:
        return (
            f"is a {encoder.model_type} encoder with a {decoder.model_type} decoder. "
            "Supported are ViT, DeiT, DINOv2 and Swin encoders with BERT and GPT-2 decoders; "
            "anything else runs with CAPTION_ENGINE=torch."
        )
    return None if encoder.model_type == "dinov2" else wrong_size(encoder.image_size, size)


def encoder(network: VisionEncoderDecoderModel, size: Size) -> nn.Module:
    """The encoder of whatever kind, and the projection between the two where their widths differ."""
    swin = network.config.encoder.model_type == "swin"
    trunk = _Swin(network.encoder) if swin else _transformer(network.encoder, size)
    bridge = network.enc_to_dec_proj if hasattr(network, "enc_to_dec_proj") else nn.Identity()
    config = network.config.decoder
    cross = cross_projection(network.decoder)
    return EncoderGraph(nn.Sequential(trunk, bridge), cross, config.num_hidden_layers, config.num_attention_heads)


def decoder(network: VisionEncoderDecoderModel, places: int) -> Step:
    """BERT or GPT-2."""
    return _DECODERS[network.config.decoder.model_type](network.decoder, places)


def logits(network: VisionEncoderDecoderModel, pixels: Tensor, _: Tensor, tokens: Tensor) -> Tensor:
    """Both halves at once."""
    found: Tensor = network(pixel_values=pixels, decoder_input_ids=tokens).logits
    return found


def _transformer(encoder: PreTrainedModel, size: Size) -> VisionTransformer:
    """ViT, DeiT and DINOv2."""
    embeddings = encoder.embeddings
    special = [getattr(embeddings, name) for name in ("cls_token", "distillation_token") if hasattr(embeddings, name)]
    layers = encoder.encoder.layer if encoder.config.model_type == "dinov2" else encoder.layers
    return VisionTransformer(
        embeddings.patch_embeddings.projection,
        torch.cat(special, 1),
        _places(encoder, size),
        map(_block, layers),
        encoder.layernorm,
    )


def _block(layer: nn.Module) -> Block:
    attention = layer.attention
    norms = (
        getattr(layer, "layernorm_before", None) or layer.norm1,
        getattr(layer, "layernorm_after", None) or layer.norm2,
    )
    split = joined(attention.q_proj, attention.k_proj, attention.v_proj)
    join, mlp = copy.deepcopy(attention.o_proj), copy.deepcopy(layer.mlp)
    if hasattr(layer, "layer_scale1"):  # DINOv2 scales what each half adds; the scale moves into the last weights.
        _scale(join, layer.layer_scale1.lambda1)
        _scale(mlp.down_proj if hasattr(mlp, "down_proj") else mlp.fc2, layer.layer_scale2.lambda1)
    return Block(norms, split, join, mlp, attention.num_attention_heads)


class _Swin(nn.Module):
    """Swin as transformers writes it: its windows and masks are constants once the size is known."""

    def __init__(self, encoder: PreTrainedModel) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, pixel_values: Tensor) -> Tensor:
        hidden: Tensor = self.encoder(pixel_values).last_hidden_state
        return hidden


def _places(encoder: PreTrainedModel, size: Size) -> Tensor:
    """Position embeddings [1, tokens, width]; DINOv2 interpolates those of its training size."""
    embeddings = encoder.embeddings
    if encoder.config.model_type != "dinov2":
        return embeddings.position_embeddings.detach()
    height, width = embeddings.patch_embeddings.patch_size
    tokens = torch.empty(1, (size.height // height) * (size.width // width) + 1, encoder.config.hidden_size)
    places: Tensor = embeddings.interpolate_pos_encoding(tokens, size.height, size.width)
    return places.detach()


def _scale(linear: nn.Linear, factor: Tensor) -> None:
    """Multiply each of a product's outputs by a factor."""
    linear.weight.data.mul_(factor.data[:, None])
    if linear.bias is not None:
        linear.bias.data.mul_(factor.data)
