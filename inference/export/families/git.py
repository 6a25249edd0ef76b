"""GIT: a decoder that reads the photo as the beginning of its text (microsoft/git-base-coco).

What its layers make of the photo does not depend on the words, for only words look at words: so the encoder's graph
runs these layers over the photo once, and hands their keys and values to every step.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from transformers import GitForCausalLM, PreTrainedTokenizerBase

from inference.export.decoders import Step, joined, place, through
from inference.export.encoders import Block, VisionTransformer
from inference.export.families import Words
from inference.export.families.refusals import wrong_size
from inference.export.operators import attend
from inference.manifest import Detailed, Size

NETWORK = "GitForCausalLM"
TAKES_PROMPT = True


def words(network: GitForCausalLM, _: PreTrainedTokenizerBase) -> Words:
    """The config's, or those of a generation_config.json."""
    wanted, config = network.generation_config, network.config
    start, end, pad = (
        getattr(wanted, name, None) if getattr(wanted, name, None) is not None else getattr(config, name)
        for name in ("bos_token_id", "eos_token_id", "pad_token_id")
    )
    return Words(start, end, pad, config.max_position_embeddings)


def prompt(_: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """None for the encoder: GIT reads its prompt as the beginning of the caption."""
    return ()


def detailed(_: GitForCausalLM, __: PreTrainedTokenizerBase) -> Detailed | None:
    """Not by asking."""
    return None


def refusal(network: GitForCausalLM, size: Size) -> str | None:
    """Say that films are not photos, and that the size must be the encoder's."""
    if network.config.num_image_with_embedding:
        return (
            "describes films of several pictures: choose one that is made for photos, such as microsoft/git-base-coco."
        )
    return wrong_size(network.config.vision_config.image_size, size)


def encoder(network: GitForCausalLM, _: Size) -> nn.Module:
    """The vision model, and the decoder's layers over what it sees."""
    return _Encoder(network)


def decoder(network: GitForCausalLM, places: int) -> Step:
    """The decoder's layers over words."""
    return _Step(network, places)


def logits(network: GitForCausalLM, pixels: Tensor, _: Tensor, tokens: Tensor) -> Tensor:
    """Those after words: before them come those after the photo's positions."""
    found: Tensor = network(pixel_values=pixels, input_ids=tokens).logits[:, -tokens.shape[1] :]
    return found


class _Encoder(nn.Module):
    def __init__(self, network: GitForCausalLM) -> None:
        super().__init__()
        vision = network.git.image_encoder.vision_model
        embeddings = vision.embeddings
        self.trunk = VisionTransformer(
            embeddings.patch_embedding,
            embeddings.class_embedding[None, None],
            embeddings.position_embedding.weight[None],
            map(_vision_block, vision.encoder.layers),
            vision.post_layernorm,
            first_norm=vision.pre_layrnorm,
        )
        self.projection = network.git.visual_projection.visual_projection
        heads = network.config.num_attention_heads
        self.blocks = nn.ModuleList(_Block(layer, heads) for layer in network.git.encoder.layer)

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, ...]:
        hidden = self.projection(self.trunk(pixel_values))
        made: list[Tensor] = []
        for block in self.blocks:
            query, key, value = block.own_in(hidden).chunk(3, -1)
            made += [block.apart(key), block.apart(value)]
            if block is not self.blocks[-1]:
                hidden = block.rest(attend(query, key, value, block.heads, block.scale), hidden)
        return tuple(made)


class _Step(nn.Module):
    def __init__(self, network: GitForCausalLM, places: int) -> None:
        super().__init__()
        config, embeddings = network.config, network.git.embeddings
        self.layers, self.heads = config.num_hidden_layers, config.num_attention_heads
        self.dim, self.vocabulary = config.hidden_size // self.heads, config.vocab_size
        self.words, self.norm, self.head = embeddings.word_embeddings, embeddings.LayerNorm, network.output
        self.register_buffer("places", embeddings.position_embeddings.weight[:places].detach())
        self.blocks = nn.ModuleList(_Block(layer, self.heads) for layer in network.git.encoder.layer)
        self.register_buffer("later", torch.full((places, places), -1e4).triu(1))

    def forward(self, input_ids: Tensor, past: list[Tensor], context: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        length, new = past[0].shape[2], input_ids.shape[1]
        later = self.later[length : length + new, : length + new]
        hidden = self.norm(self.words(input_ids) + place(self.places, input_ids, past))
        hidden, present = through(self.blocks, hidden, past, [*context, later])
        return self.head(hidden[:, -1:])[:, 0], present


class _Block(nn.Module):
    def __init__(self, layer: nn.Module, heads: int) -> None:
        super().__init__()
        own = layer.attention
        self.heads, self.scale = heads, (own.self.query.out_features // heads) ** -0.5
        self.own_in = joined(own.self.query, own.self.key, own.self.value)
        self.own_out, self.own_norm = own.output.dense, own.output.LayerNorm
        self.widen, self.narrow, self.norm = layer.intermediate, layer.output.dense, layer.output.LayerNorm

    def forward(self, hidden: Tensor, past: Sequence[Tensor], context: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Attend to the photo, which all rows share, and to each row's words, in one softmax."""
        photo_key, photo_value, later = context
        query, key, value = (self.apart(part) for part in self.own_in(hidden).chunk(3, -1))
        present = [torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)]
        rows, _, new, dim = query.shape
        shared = (query * self.scale).transpose(0, 1).reshape(1, self.heads, -1, dim)  # [1, heads, rows * new, dim]
        to_photo = (shared @ photo_key.transpose(2, 3)).reshape(self.heads, rows, new, -1).transpose(0, 1)
        to_words = (query * self.scale) @ present[0].transpose(2, 3) + later
        shares = torch.cat([to_photo, to_words], -1).softmax(-1)
        positions = photo_key.shape[2]
        of_photo = shares[..., :positions].transpose(0, 1).reshape(1, self.heads, -1, positions)
        seen = (of_photo @ photo_value).reshape(self.heads, rows, new, dim).transpose(0, 1)
        seen = seen + shares[..., positions:] @ present[1]
        return self.rest(seen.transpose(1, 2).reshape(hidden.shape), hidden), present

    def apart(self, part: Tensor) -> Tensor:
        """[batch, length, heads * dim] to [batch, heads, length, dim]."""
        return part.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def rest(self, seen: Tensor, hidden: Tensor) -> Tensor:
        """What comes after the attention."""
        hidden = self.own_norm(self.own_out(seen) + hidden)
        done: Tensor = self.norm(self.narrow(self.widen(hidden)) + hidden)
        return done


def _vision_block(layer: nn.Module) -> Block:
    attention = layer.self_attn
    split = joined(attention.q_proj, attention.k_proj, attention.v_proj)
    return Block((layer.layer_norm1, layer.layer_norm2), split, attention.out_proj, layer.mlp, attention.num_heads)
