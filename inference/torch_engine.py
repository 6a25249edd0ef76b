"""The reference engine: transformers itself, straight from a checkpoint."""

import copy
import time

import torch
from PIL import Image
from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList

from common.contract import Detail
from inference import checkpoint
from inference.captioner import Alternative, Caption, Deadline
from inference.hub import Found
from inference.manifest import Decoding
from inference.ways import begun, ways_of


class TorchCaptioner:
    """Captions photos with a VisionEncoderDecoderModel; safe to call from several threads at once."""

    engine = "torch"
    model_type = "vision-encoder-decoder"

    def __init__(self, found: Found, threads: int, prompt: str | None = None) -> None:
        """Load a checkpoint; `prompt` is what captions begin with. Raises ModelError."""
        torch.set_num_threads(threads)
        loaded = checkpoint.load(found)
        self.model = found.name
        self.input_size = (loaded.preprocessing.input.height, loaded.preprocessing.input.width)
        self._network, self._processor, self._tokenizer = loaded.model, loaded.processor, loaded.tokenizer
        ways = ways_of((), loaded.decoding, loaded.detailed)
        if prompt is not None:
            prefix = self._tokenizer.encode(prompt, add_special_tokens=False)
            ways = begun(ways, prefix, loaded.places, found.name)
        self._ways = {detail: (rules, generation(rules)) for detail, (_, rules) in ways.items()}
        self.details = tuple(self._ways)

    def caption(
        self, image: Image.Image, deadline: Deadline, alternatives: int = 0, detail: Detail = "short"
    ) -> Caption:
        """Caption an upright RGB image, with up to so many alternatives.

        Raises DeadlineExceeded or Cancelled between two steps.
        """
        started = time.perf_counter()
        deadline.check()
        with torch.inference_mode():
            pixels = self._processor(image, return_tensors="pt")["pixel_values"]
            seen = self._network.encoder(pixel_values=pixels)
            encoded = time.perf_counter()
            rules, config = self._ways[detail]
            start = torch.tensor([[rules.start_id, *rules.prefix_ids]])
            [text] = self._say(seen, start, config, deadline)
            others: list[str] = []
            if alternatives:
                wider = copy.deepcopy(config)
                wider.num_beams = max(wider.num_beams, alternatives + 1)
                wider.num_return_sequences = alternatives + 1
                others = [other for other in dict.fromkeys(self._say(seen, start, wider, deadline)) if other != text]
        told = tuple(Alternative(other, None) for other in others[:alternatives])
        return Caption(text, encoded - started, time.perf_counter() - encoded, alternatives=told)

    def _say(self, seen: object, start: torch.Tensor, config: GenerationConfig, deadline: Deadline) -> list[str]:
        found = self._network.generate(
            encoder_outputs=seen,
            decoder_input_ids=start,
            generation_config=config,
            stopping_criteria=StoppingCriteriaList([_Watch(deadline)]),
        )
        return [self._tokenizer.decode(tokens, skip_special_tokens=True).strip() for tokens in found]


def generation(rules: Decoding) -> GenerationConfig:
    """Say `rules` in transformers' words."""
    beam_only = {"length_penalty": rules.length_penalty, "early_stopping": rules.early_stopping}
    return GenerationConfig(
        decoder_start_token_id=rules.start_id,
        eos_token_id=list(rules.end_ids),
        pad_token_id=rules.pad_id,
        num_beams=rules.beams,
        max_length=rules.max_length,
        min_length=rules.min_length,
        no_repeat_ngram_size=rules.no_repeat_ngram_size,
        suppress_tokens=list(rules.suppressed_ids) or None,
        do_sample=False,
        **(beam_only if rules.beams > 1 else {}),
    )


class _Watch(StoppingCriteria):
    """Like MaxTimeCriteria, but it raises: a caption that was cut short must not be taken for a whole one."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def __call__(self, input_ids: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
        self._deadline.check()
        return torch.zeros(len(input_ids), dtype=torch.bool)
