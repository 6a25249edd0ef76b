"""A Hugging Face checkpoint that exports: what it needs of a photo, and how it wants its tokens searched."""

from dataclasses import dataclass

import msgspec
import transformers
from transformers import (
    AutoImageProcessor,
    AutoTokenizer,
    BaseImageProcessor,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from inference.captioner import ModelError
from inference.export.families import Family, Words, family_of
from inference.hub import Found, loading, require_whole
from inference.manifest import Decoding, Detailed, Preprocessing, Size

BEAMS = 3
MAX_LENGTH = 32
"""The cap on a caption's tokens where the checkpoint sets none."""
PLACES = 64
"""The tokens that an export has positions for, if the model has them: for a caption that is begun, or a longer one."""

LEAST = 24
"""The tokens below which no detailed caption ends, of a model that no prompt makes say more."""
REPEATED = 3
"""The tokens in a row that such a caption does not repeat: who has to go on without more to say begins again."""

_RESAMPLING = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")  # by Pillow's numbers
_UNSUPPORTED = {
    "repetition_penalty": 1.0,
    "encoder_repetition_penalty": 1.0,
    "encoder_no_repeat_ngram_size": 0,
    "exponential_decay_length_penalty": None,
    "begin_suppress_tokens": None,
    "sequence_bias": None,
}
"""Generation settings that change captions and that `inference.search` lacks, with the values that change nothing."""


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint, weights in fp32."""

    source: str
    revision: str | None
    family: Family
    model: PreTrainedModel
    processor: BaseImageProcessor
    tokenizer: PreTrainedTokenizerBase
    preprocessing: Preprocessing
    decoding: Decoding
    prompt_ids: tuple[int, ...]
    detailed: Detailed | None
    places: int
    """How many tokens its export has positions for."""

    @property
    def longest(self) -> Decoding:
        """The rules of the search that needs the most tokens of a step."""
        ngrams = self.decoding.no_repeat_ngram_size or (self.detailed.no_repeat_ngram_size if self.detailed else 0)
        return msgspec.structs.replace(self.decoding, max_length=self.places, min_length=1, no_repeat_ngram_size=ngrams)


def load(found: Found) -> Checkpoint:
    """Load a checkpoint.

    Raises ModelError when it is broken, is of no family that exports, or asks for something that the engines don't do.
    """
    model = found.name
    if (family := family_of(found.model_type)) is None:
        raise ModelError(
            f"{model} is a {found.model_type} model, which the onnx engine does not run: "
            "set CAPTION_ENGINE=torch, or CAPTION_MODEL to one of the models that `captionbot models` lists."
        )
    logging.disable_progress_bar()
    with loading(found):
        network, report = getattr(transformers, family.NETWORK).from_pretrained(
            found.folder, dtype="float32", output_loading_info=True
        )
        processor = AutoImageProcessor.from_pretrained(found.folder, backend="pil", trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(found.folder, trust_remote_code=False)
    preprocessing = _preprocessing(model, processor)
    if family.refusal(network, preprocessing.input) is None:  # which is the better reason
        require_whole(report, found)
    network.eval().requires_grad_(False)
    words = family.words(network, tokenizer)
    decoding = _decoding(model, network, words)
    detailed = family.detailed(network, tokenizer) or _lengthened(decoding, words)
    longest = max(decoding.max_length, detailed.max_length if detailed else 0, PLACES)
    return Checkpoint(
        source=model,
        revision=found.revision,
        family=family,
        model=network,
        processor=processor,
        tokenizer=tokenizer,
        preprocessing=preprocessing,
        decoding=decoding,
        prompt_ids=family.prompt(tokenizer),
        detailed=detailed,
        places=min(longest, words.places),
    )


def _preprocessing(model: str, processor: BaseImageProcessor) -> Preprocessing:
    size, crop = processor.size, processor.crop_size if getattr(processor, "do_center_crop", False) else None
    if processor.do_resize and size.height and size.width:
        resize, target = "stretch", Size(height=size.height, width=size.width)
    elif processor.do_resize and size.shortest_edge and not size.longest_edge and crop:
        resize, target = "shortest_edge", Size(height=size.shortest_edge, width=size.shortest_edge)
    else:
        raise ModelError(
            f"{model} resizes photos in a way that is not supported ({dict(size)}): its preprocessor_config.json "
            "needs a size with height and width, or a shortest_edge and a centre crop."
        )
    if (
        not processor.do_rescale
        or abs(processor.rescale_factor * 255 - 1) > 1e-6
        or getattr(processor, "do_pad", False)
    ):
        raise ModelError(f"{model} scales or pads pixels in a way that is not supported: only pixel / 255 is.")
    normalise = processor.do_normalize
    return msgspec.convert(
        {
            "size": target,
            "resize": resize,
            "resampling": _RESAMPLING[int(processor.resample)],
            "crop": Size(height=crop.height, width=crop.width) if crop else None,
            "mean": tuple(processor.image_mean) if normalise else (0, 0, 0),
            "deviation": tuple(processor.image_std) if normalise else (1, 1, 1),
        },
        Preprocessing,
    )


def _decoding(model: str, network: PreTrainedModel, words: Words) -> Decoding:
    """Read the generation config, falling back where older checkpoints say less."""
    wanted = network.generation_config
    for name, neutral in _UNSUPPORTED.items():
        if getattr(wanted, name, None) not in (None, neutral):
            raise ModelError(
                f"{model} sets {name} in its generation_config.json, which is not supported. "
                "Supported are num_beams, max_length, max_new_tokens, min_length, min_new_tokens, length_penalty, "
                "early_stopping, no_repeat_ngram_size, suppress_tokens, bad_words_ids, forced_bos_token_id and "
                "forced_eos_token_id."
            )
    if words.start is None or words.end is None:
        raise ModelError(
            f"{model} names no start or end token: set decoder_start_token_id and eos_token_id in config.json."
        )
    ends = (words.end,) if isinstance(words.end, int) else tuple(words.end)
    longest = wanted.max_new_tokens + 1 if wanted.max_new_tokens else wanted.max_length or MAX_LENGTH
    # A phrase that is an end token alone is none for transformers either: what would end?
    phrases = [tuple(phrase) for phrase in wanted.bad_words_ids or () if len(phrase) > 1 or phrase[0] not in ends]
    banned = {phrase[0] for phrase in phrases if len(phrase) == 1}
    return Decoding(
        start_id=words.start,
        end_ids=ends,
        pad_id=ends[0] if words.pad is None else words.pad,
        beams=wanted.num_beams or BEAMS,
        max_length=min(longest, words.places),
        length_penalty=1.0 if wanted.length_penalty is None else wanted.length_penalty,
        early_stopping=wanted.early_stopping or False,
        min_length=wanted.min_new_tokens + 1 if wanted.min_new_tokens else wanted.min_length or 0,
        no_repeat_ngram_size=wanted.no_repeat_ngram_size or 0,
        suppressed_ids=tuple(sorted({*(wanted.suppress_tokens or ()), *banned})),
        banned_phrases=tuple(phrase for phrase in phrases if len(phrase) > 1),
        forced_first_id=wanted.forced_bos_token_id,
        forced_end_id=_only(model, wanted.forced_eos_token_id),
    )


def _lengthened(decoding: Decoding, words: Words) -> Detailed | None:
    """Limits for a model that no prompt makes say more, if it has positions for more."""
    most = min(PLACES, words.places)
    if most <= max(decoding.max_length, LEAST):
        return None
    return Detailed(min_length=LEAST, max_length=most, no_repeat_ngram_size=decoding.no_repeat_ngram_size or REPEATED)


def _only(model: str, forced: int | list[int] | None) -> int | None:
    if isinstance(forced, list):
        if len(forced) > 1:
            raise ModelError(
                f"{model} names several tokens as forced_eos_token_id in its generation_config.json: leave one."
            )
        return forced[0]
    return forced
