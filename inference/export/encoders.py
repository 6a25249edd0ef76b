"""Vision transformers as one graph each: pixels in, the keys and values of the decoder's cross-attention out."""

import copy

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, VisionEncoderDecoderModel

from inference.export.decoders import cross_projection
from inference.export.operators import attend
from inference.folder import Size


class EncoderGraph(nn.Module):
    """The encoder of a checkpoint, with all that a photo needs to be computed only once."""

    def __init__(self, model: VisionEncoderDecoderModel, size: Size) -> None:
        """Build it for photos of one size."""
        super().__init__()
        self.encoder = (
            _Swin(model.encoder) if model.config.encoder.model_type == "swin" else _Plain(model.encoder, size)
        )
        self.bridge = model.enc_to_dec_proj if hasattr(model, "enc_to_dec_proj") else nn.Identity()
        self.cross = cross_projection(model.decoder)
        self.heads = model.config.decoder.num_attention_heads
        self.layers = model.config.decoder.num_hidden_layers

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, ...]:
        """[batch, 3, height, width] to a key and a value of each layer, [batch, heads, positions, dim]."""
        parts = self.cross(self.bridge(self.encoder(pixel_values)))
        return parts.unflatten(-1, (2 * self.layers, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)


class _Plain(nn.Module):
    """ViT, DeiT and DINOv2: the same blocks over patches, with one or two special tokens before them."""

    def __init__(self, encoder: PreTrainedModel, size: Size) -> None:
        super().__init__()
        embeddings = encoder.embeddings
        self.patches = embeddings.patch_embeddings.projection
        special = [
            getattr(embeddings, name) for name in ("cls_token", "distillation_token") if hasattr(embeddings, name)
        ]
        places = _places(encoder, size)
        self.register_buffer("special", torch.cat(special, 1).detach() + places[:, : len(special)])
        self.register_buffer("places", places[:, len(special) :].contiguous())
        layers = encoder.encoder.layer if encoder.config.model_type == "dinov2" else encoder.layers
        self.blocks = nn.ModuleList(_Block(layer) for layer in layers)
        self.norm = encoder.layernorm

    def forward(self, pixel_values: Tensor) -> Tensor:
        hidden = self.patches(pixel_values).flatten(2).transpose(1, 2) + self.places
        hidden = torch.cat([self.special.expand(hidden.shape[0], -1, -1), hidden], 1)
        for block in self.blocks:
            hidden = block(hidden)
        return self.norm(hidden)


class _Block(nn.Module):
    """Attention and feed-forward, each normalised first and added to its input."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        attention = layer.attention
        self.heads, self.scale = attention.num_attention_heads, attention.scaling
        self.first_norm = getattr(layer, "layernorm_before", None) or layer.norm1
        self.second_norm = getattr(layer, "layernorm_after", None) or layer.norm2
        self.split = _joined(attention.q_proj, attention.k_proj, attention.v_proj)
        self.join, self.mlp = copy.deepcopy(attention.o_proj), copy.deepcopy(layer.mlp)
        if hasattr(layer, "layer_scale1"):  # DINOv2 scales what each half adds; the scale moves into the last weights.
            _scale(self.join, layer.layer_scale1.lambda1)
            _scale(self.mlp.down_proj if hasattr(self.mlp, "down_proj") else self.mlp.fc2, layer.layer_scale2.lambda1)

    def forward(self, hidden: Tensor) -> Tensor:
        query, key, value = self.split(self.first_norm(hidden)).chunk(3, -1)
        hidden = hidden + self.join(attend(query, key, value, self.heads, self.scale))
        return hidden + self.mlp(self.second_norm(hidden))


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


def _joined(*linears: nn.Linear) -> nn.Linear:
    """Several products of one input as one."""
    weight = torch.cat([linear.weight for linear in linears]).detach()
    joined = nn.Linear(weight.shape[1], weight.shape[0], bias=linears[0].bias is not None)
    joined.weight = nn.Parameter(weight, requires_grad=False)
    if linears[0].bias is not None:
        joined.bias = nn.Parameter(torch.cat([linear.bias for linear in linears]).detach(), requires_grad=False)
    return joined


def _scale(linear: nn.Linear, factor: Tensor) -> None:
    """Multiply each of a product's outputs by a factor."""
    linear.weight.data.mul_(factor.data[:, None])
    if linear.bias is not None:
        linear.bias.data.mul_(factor.data)
