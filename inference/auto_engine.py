"""The torch engine for whatever else transformers captions with: AutoModelForImageTextToText and its processor.

A model with a chat template is asked in it, one without by what its family learned (`inference.prompts`).
"""

import copy
import inspect
import re
import threading
import time
from typing import Any, Protocol

import torch
from PIL import Image
from transformers import (
    AutoModelForImageTextToText,
    AutoProcessor,
    GenerationConfig,
    StoppingCriteria,
    StoppingCriteriaList,
)
from transformers.utils import logging

from common.contract import Detail
from inference.captioner import Alternative, Caption, Deadline, DeadlineExceeded, ModelError, takes_no_prompt
from inference.hub import CHOOSE, Found, line, loading, require_whole
from inference.prompts import CHAT, OTHERWISE, PROMPTS, Prompts

LIMITS: dict[Detail, tuple[int, int]] = {"short": (0, 48), "detailed": (24, 192)}
"""The fewest and the most tokens of a caption."""
BEAMS = 3
SMALL = ("blip", "git", "florence2", "pix2struct")
"""Families small enough to be searched with `BEAMS` beams; a model that chats is not."""
LARGEST_SIDE = 1536
"""Pixels of a photo that a model without a fixed input gets to see."""

_MARK = re.compile(r"<.*>|\[.*\]", re.DOTALL)


class AutoCaptioner:
    """Captions photos with any captioning checkpoint; calls from several threads take turns."""

    engine = "torch"

    def __init__(self, found: Found, threads: int, prompt: str | None = None) -> None:
        """Load a checkpoint; `prompt` is CAPTION_PROMPT. Raises ModelError."""
        torch.set_num_threads(threads)
        logging.disable_progress_bar()
        self.model = found.name
        self._network, self._processor = _loaded(found)
        self._kind = found.model_type
        self._chats = bool(getattr(self._processor, "chat_template", None))
        self._prompts = _prompts(found.model_type, self._chats)
        if prompt is not None and self._prompts.custom is None:
            raise takes_no_prompt(found.name)
        self._prompt = prompt
        self._taken = inspect.signature(self._network.forward).parameters
        self.details: tuple[Detail, ...] = ("short",) if self._prompts.detailed is None else ("short", "detailed")
        self.input_size = _input_size(self._processor.image_processor)
        try:
            self._given(Image.new("RGB", (64, 64)), "short")
        except Exception as error:  # a template or a processor that does not fit may raise anything
            raise ModelError(f"{found.name} cannot be asked for a caption ({line(error)}). {CHOOSE}") from error
        tokenizer = self._processor.tokenizer
        # Tags that are no special tokens to the tokenizer are none of a caption's words either.
        self._unsaid = {
            token
            for token, added in tokenizer.added_tokens_decoder.items()
            if added.special or _MARK.fullmatch(added.content)
        }
        # Some keep a photo's positions in themselves while they write.
        self._turn = threading.Lock()

    def caption(
        self, image: Image.Image, deadline: Deadline, alternatives: int = 0, detail: Detail = "short"
    ) -> Caption:
        """Caption an upright RGB image, with up to so many alternatives.

        Raises DeadlineExceeded or Cancelled between two steps.
        """
        started = time.perf_counter()
        deadline.check()
        if not self._turn.acquire(timeout=deadline.remaining()):
            raise DeadlineExceeded
        try:
            with torch.inference_mode():
                given = self._given(image, detail)
                watch = _Watch(deadline)
                config = self._config(detail, given)
                [text] = self._say(given, config, watch)
                encoded = watch.first or time.perf_counter()
                others: list[str] = []
                if alternatives:
                    config.num_beams = max(config.num_beams, alternatives + 1)
                    config.num_return_sequences = alternatives + 1
                    others = [other for other in dict.fromkeys(self._say(given, config, watch)) if other != text]
        finally:
            self._turn.release()
        told = tuple(Alternative(other, None) for other in others[:alternatives])
        return Caption(text, encoded - started, time.perf_counter() - encoded, alternatives=told)

    def _given(self, image: Image.Image, detail: Detail) -> dict[str, Any]:
        """What the network is given of a photo and of what is asked about it."""
        asked = self._prompts.of(detail, self._prompt)
        if self._chats:
            parts = [{"type": "image"}, {"type": "text", "text": asked}]
            asked = self._processor.apply_chat_template(
                [{"role": "user", "content": parts}], add_generation_prompt=True
            )
        asked = asked.replace("{image}", getattr(self._processor, "image_token", None) or "")
        given = dict(self._processor(images=image, text=asked or None, return_tensors="pt"))
        if self._kind == "git" and asked:
            # The tokenizer ends what it is given, and a caption that has ended can't be gone on with.
            given["input_ids"], given["attention_mask"] = given["input_ids"][:, :-1], given["attention_mask"][:, :-1]
        # Processors also give what only training, or another model of the same tokenizer, takes.
        return {name: value for name, value in given.items() if name in self._taken}

    def _config(self, detail: Detail, given: dict[str, Any]) -> GenerationConfig:
        """The checkpoint's own way to search, without chance, within the limits of a chat's answer and of the model."""
        config = copy.deepcopy(self._network.generation_config)
        least, most = LIMITS[detail]
        network = self._network.config
        if places := getattr(network.get_text_config(decoder=True), "max_position_embeddings", None):
            taken = 0 if network.is_encoder_decoder or "input_ids" not in given else given["input_ids"].shape[1]
            most = max(1, min(most, places - taken - 1))
            least = min(least, most)
        config.update(do_sample=False, temperature=None, top_p=None, top_k=None, typical_p=None, min_p=None)
        config.num_beams = config.num_beams or (BEAMS if self._kind in SMALL else 1)
        config.max_length, config.max_new_tokens = None, most
        if detail == "detailed" and self._prompts.detailed == "":
            config.min_new_tokens, config.no_repeat_ngram_size = least, config.no_repeat_ngram_size or 3
        if config.pad_token_id is None:
            config.pad_token_id = self._processor.tokenizer.pad_token_id
        return config

    def _say(self, given: dict[str, Any], config: GenerationConfig, watch: "_Watch") -> list[str]:
        found = self._network.generate(
            **given, generation_config=config, stopping_criteria=StoppingCriteriaList([watch])
        )
        return [self._words(tokens, given.get("input_ids")) for tokens in found.tolist()]

    def _words(self, tokens: list[int], asked: torch.Tensor | None) -> str:
        """The caption among the tokens: what was asked is no part of it, nor is half a sentence at its end."""
        before = [] if asked is None else asked[0].tolist()
        ends = self._network.generation_config.eos_token_id
        ended = not set(tokens).isdisjoint(ends if isinstance(ends, list) else [ends])
        if not self._prompts.is_said and before == tokens[: len(before)]:
            tokens = tokens[len(before) :]
        kept = [token for token in tokens if token not in self._unsaid]
        said = self._processor.tokenizer.decode(kept, skip_special_tokens=True)
        # Half a letter of several bytes is none; nor is the mark of a word's end where no word began.
        letters = "".join(letter for letter in said if letter.isspace() or letter.isprintable())
        text = " ".join(letters.replace("\N{REPLACEMENT CHARACTER}", "").split()).removeprefix("##")
        return text if ended else _whole(text)


class _Watch(StoppingCriteria):
    """Like MaxTimeCriteria, but it raises: a caption that was cut short must not be taken for a whole one."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self.first: float | None = None
        """When the first token was there, by `time.perf_counter`."""

    def __call__(self, input_ids: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
        self.first = self.first or time.perf_counter()
        self._deadline.check()
        return torch.zeros(len(input_ids), dtype=torch.bool)


def _loaded(found: Found) -> tuple[Any, Any]:
    with loading(found):
        network, report = AutoModelForImageTextToText.from_pretrained(
            found.folder, dtype="float32", trust_remote_code=False, output_loading_info=True
        )
        require_whole(report, found)
        processor = AutoProcessor.from_pretrained(found.folder, backend="pil", trust_remote_code=False)
    images = processor.image_processor
    if hasattr(images, "do_image_splitting"):
        # A dozen close-ups of one photo take a dozen times as long, and tell of small print.
        images.do_image_splitting = False
    network.eval().requires_grad_(False)
    return network, processor


def _prompts(kind: str, chats: bool) -> Prompts:
    return PROMPTS.get(kind) or (CHAT if chats else OTHERWISE)


class _ImageProcessor(Protocol):
    size: Any


def _input_size(images: _ImageProcessor) -> tuple[int, int]:
    """(height, width) in pixels beyond which a photo shows this model nothing more."""
    size = images.size
    if size.height and size.width:
        return size.height, size.width
    # Of what is not split the pieces' size is the whole photo's. Some name a number of pixels by the name of an edge.
    limit = getattr(images, "max_image_size", None) or size
    edge = min(limit["longest_edge"] or limit["shortest_edge"] or LARGEST_SIDE, LARGEST_SIDE)
    return edge, edge


def _whole(text: str) -> str:
    """The sentences of a text that stopped anywhere, or all of it where not even one is whole."""
    found = re.match(r".*[.!?](?=\s)", text, re.DOTALL)
    return found[0] if found else text
