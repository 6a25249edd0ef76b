"""The kinds of checkpoint that export: a module each, found by the `model_type` in config.json.

A module says how its kind of checkpoint is loaded and begun, and writes it as the two graphs that the engine runs. It
knows nothing of files, precisions and searching, and these know no kind of checkpoint.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from inference.export.decoders import Step
from inference.manifest import Detailed, Size

_MODULES = {
    "vision-encoder-decoder": "vision_encoder_decoder",
    "blip": "blip",
    "git": "git",
    "florence2": "florence2",
}


@dataclass(frozen=True)
class Words:
    """What a decoder's special tokens are, where the checkpoint says it, and how long a sequence may become."""

    start: int | None
    end: int | Sequence[int] | None
    pad: int | None
    places: int


class Family(Protocol):
    """What a module of this package holds."""

    NETWORK: str
    """The class in transformers."""
    TAKES_PROMPT: bool
    """Whether a caption may be begun for it: with words after the start token."""

    def words(self, network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Words:
        """Read the special tokens."""

    def prompt(self, tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
        """The tokens that its encoder reads beside the photo for a short caption; none where it reads none."""

    def detailed(self, network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Detailed | None:
        """How it is asked for a longer caption, or None where it can't be asked."""

    def refusal(self, network: PreTrainedModel, size: Size) -> str | None:
        """Why photos of this size can't be captioned with such an export: a sentence after the checkpoint's name."""

    def encoder(self, network: PreTrainedModel, size: Size) -> nn.Module:
        """Its graph: pixel_values [batch, 3, height, width] to the tensors that `decoder` calls its context.

        Where there is a prompt, a second input is prompt_ids [batch, length]. The outputs are a key and a value for
        each layer of the decoder, [batch, heads, positions, dim].
        """

    def decoder(self, network: PreTrainedModel, places: int) -> Step:
        """Its step, for sequences of up to so many tokens."""

    def logits(self, network: PreTrainedModel, pixels: Tensor, prompt: Tensor, tokens: Tensor) -> Tensor:
        """What transformers itself computes: logits [1, length, vocabulary] after each of tokens [1, length].

        pixels are [1, 3, height, width], prompt is [1, length of the prompt].
        """


def family_of(model_type: str) -> Family | None:
    """Find the module for a `model_type`; None where such checkpoints don't export."""
    name = _MODULES.get(model_type)
    return None if name is None else cast("Family", import_module(f"{__name__}.{name}"))
