"""What `manifest.json` says of an exported model: its files, how it sees a photo, and how its tokens are searched."""

import math
import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from inference.captioner import ModelError

MANIFEST = "manifest.json"
ENCODER = "encoder.onnx"
DECODER = "decoder.onnx"
TOKENIZER = "tokenizer.json"
FORMAT = 4


class Size(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pixels."""

    height: int
    width: int


class Preprocessing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a photo becomes `pixel_values`: resize, crop the centre, then (pixel / 255 - mean) / deviation."""

    size: Size
    resize: Literal["stretch", "shortest_edge"]  # shortest_edge: the shorter side becomes size.height
    resampling: Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
    crop: Size | None = None
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]

    @property
    def input(self) -> Size:
        """The size of the encoder's input."""
        return self.crop or self.size


class Decoding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How tokens are searched; the names and meanings are those of transformers' GenerationConfig."""

    start_id: int
    end_ids: tuple[int, ...]
    pad_id: int
    beams: Annotated[int, Meta(ge=1)] = 3
    max_length: Annotated[int, Meta(ge=2)]  # tokens, the start token included
    min_length: Annotated[int, Meta(ge=0)] = 0  # tokens, the start token included, before which nothing ends
    length_penalty: float = 1.0
    early_stopping: bool | Literal["never"] = False
    no_repeat_ngram_size: Annotated[int, Meta(ge=0)] = 0  # 0: off
    suppressed_ids: tuple[int, ...] = ()
    banned_phrases: tuple[tuple[int, ...], ...] = ()  # each of two tokens or more; its last may not follow the others
    forced_first_id: int | None = None  # the first token after the start token
    forced_end_id: int | None = None  # the token at max_length
    said_once: tuple[tuple[int, ...], ...] = ()
    """Groups of tokens, such as a noun and its plural: after one of a group none of it follows. Not transformers'."""
    prefix_ids: tuple[int, ...] = ()
    """What a caption begins with after the start token, whatever the photo shows."""


class Detailed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a model is made to say more than a sentence: by a prompt, by length limits, or by both."""

    max_length: Annotated[int, Meta(ge=2)]
    min_length: Annotated[int, Meta(ge=0)] = 0
    no_repeat_ngram_size: Annotated[int, Meta(ge=0)] = 0
    prompt_ids: tuple[int, ...] = ()  # in place of the manifest's

    def rules(self, decoding: Decoding) -> Decoding:
        """The rules of the search for a detailed caption, given those for a short one."""
        return msgspec.structs.replace(
            decoding,
            max_length=self.max_length,
            min_length=self.min_length,
            no_repeat_ngram_size=self.no_repeat_ngram_size,
        )


class Agreement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the chosen precision costs: captions compared with those of the fp32 export on the same views."""

    views: int
    identical: float  # the share of captions that are the same, word for word


class Precision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the weights of each part are stored, as `captionbot export` chose it."""

    encoder: str
    decoder: str
    embeddings: str
    agreement: Agreement | None = None


class Confidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How sure this model may be: a logistic curve over a caption's mean log-probability, as `calibrate` fits it."""

    bias: float
    slope: float

    def of(self, mean_log_probability: float) -> float:
        """The probability, 0 to 1, that such a caption names a right thing."""
        return 1 / (1 + math.exp(-(self.bias + self.slope * mean_log_probability)))


class _Version(msgspec.Struct):
    """What a manifest of any format has."""

    format: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`manifest.json`: everything that the engine must know and the graphs do not say."""

    format: int = FORMAT
    source: str
    revision: str | None = None
    versions: dict[str, str]
    files: dict[str, str]  # name: SHA-256
    preprocessing: Preprocessing
    decoding: Decoding
    prompt_ids: tuple[int, ...] = ()  # for the encoder's input of this name, where it has one
    detailed: Detailed | None = None  # None: it says one short sentence and can't say more
    takes_prompt: bool = False  # whether a caption may be begun for it, as by `CAPTION_PROMPT`
    places: int | None = None  # how many tokens its decoder has positions for: the most that max_length may become
    precision: Precision
    confidence: Confidence | None = None

    def write(self, folder: Path) -> None:
        """Write `manifest.json` into the folder."""
        text = msgspec.json.format(msgspec.json.encode(self), indent=2)
        # Numbers in a row fit one line: a vocabulary has many groups.
        lists = re.sub(rb"\[[\d\s,.]+\]", lambda found: b" ".join(found[0].split()), text)
        (folder / MANIFEST).write_bytes(lists.replace(b"[ ", b"[").replace(b" ]", b"]") + b"\n")


def read_manifest(path: Path) -> Manifest:
    """Read `manifest.json` from a model folder; raises ModelError when it is missing or not one of ours."""
    file = path / MANIFEST
    try:
        text = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(
            f"{file} is missing: {path} is not an exported model. Make one with `captionbot export MODEL {path}`."
        ) from None
    try:
        found = msgspec.json.decode(text, type=_Version).format
        if found != FORMAT:
            raise ModelError(
                f"{file} has format {found}, and this version of captionbot reads format {FORMAT}. {EXPORT_AGAIN}"
            )
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError as error:
        raise ModelError(f"{file} cannot be read ({error}). {EXPORT_AGAIN}") from None
    if missing := {ENCODER, DECODER, TOKENIZER} - manifest.files.keys():
        raise ModelError(f"{file} does not list {', '.join(sorted(missing))}. {EXPORT_AGAIN}")
    return manifest


EXPORT_AGAIN = "Export the model again with `captionbot export MODEL FOLDER`, or restore the folder from its source."
