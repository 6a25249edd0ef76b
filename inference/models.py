"""Models that are known to work, and what was measured of them: `captionbot models` and docs/models.md tell it.

What stands here is from their cards on Hugging Face. What was measured is in `measured.json`, which
`python -m tests.bench.bench_models` writes anew; who reads it is told on which processor that was. Of a model as a
function on AWS docs/aws.md tells the price.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

MEASURED = Path(__file__).with_name("measured.json")


class Known(msgspec.Struct, frozen=True):
    """A model: `parameters` in millions, `side` of its square input in pixels."""

    name: str
    licence: str
    parameters: float
    side: int
    engine: str
    notes: str


KNOWN = (
    Known("starter", "see its card", 9.3, 256, "onnx", "in the clone; one short sentence of everyday photos"),
    Known("cnmoro/mini-image-captioning", "see its card", 34, 224, "onnx", "small and quick; meant for production"),
    Known("Mozilla/distilvit", "Apache-2.0", 182, 224, "onnx", "made for alt texts in Firefox"),
    Known("nlpconnect/vit-gpt2-image-captioning", "Apache-2.0", 239, 224, "onnx", "plain sentences in COCO's manner"),
    Known("microsoft/git-base-coco", "MIT", 177, 224, "onnx", "plain sentences; takes CAPTION_PROMPT"),
    Known("Salesforce/blip-image-captioning-base", "BSD-3-Clause", 247, 384, "onnx", "good; takes CAPTION_PROMPT"),
    Known(
        "Salesforce/blip-image-captioning-large", "BSD-3-Clause", 470, 384, "onnx", "better, slow; takes CAPTION_PROMPT"
    ),
    Known("florence-community/Florence-2-base", "MIT", 231, 768, "onnx", "detailed by its own task; reads some text"),
    Known("florence-community/Florence-2-large", "MIT", 771, 768, "onnx", "the same, better and slow"),
    Known(
        "HuggingFaceTB/SmolVLM-256M-Instruct", "Apache-2.0", 256, 512, "torch", "answers CAPTION_PROMPT as a question"
    ),
    Known("HuggingFaceTB/SmolVLM-500M-Instruct", "Apache-2.0", 507, 512, "torch", "the same, better and slow"),
    Known(
        "microsoft/kosmos-2-patch14-224", "MIT", 1665, 224, "torch", "slow: wants CAPTION_DEADLINE raised, and patience"
    ),
)


class Function(msgspec.Struct, frozen=True):
    """A caption by a function on AWS: the megabytes that it is given, and with them a share of a processor."""

    memory: int
    milliseconds: float
    dollars: float  # for a million


class Figures(msgspec.Struct, frozen=True):
    """Of one model: the median of a request, and the most memory that its process took."""

    milliseconds: float
    megabytes: float
    function: Function | None = None


class Measured(msgspec.Struct, frozen=True):
    """What was measured in one go, and where: cores, processor and versions in a line."""

    machine: str
    models: dict[str, Figures]


def measured(file: Path = MEASURED) -> Measured:
    """Read what was measured."""
    return msgspec.json.decode(file.read_bytes(), type=Measured)


HEADINGS = ("model", "licence", "parameters", "input", "engine", "a caption", "memory", "notes")


def rows(found: Measured) -> Sequence[tuple[str, ...]]:
    """A row of the table for each model, in the order of HEADINGS; what was not measured is left empty."""
    return [
        (
            model.name,
            model.licence,
            f"{model.parameters:,.0f} M",
            f"{model.side} px",
            model.engine,
            *_figures(found.models.get(model.name)),
            model.notes,
        )
        for model in KNOWN
    ]


def _figures(figures: Figures | None) -> tuple[str, str]:
    return ("", "") if figures is None else (f"{figures.milliseconds:,.0f} ms", f"{figures.megabytes:,.0f} MB")
