"""The reference engine: transformers itself, straight from a checkpoint."""

import copy
import time

import torch
from PIL import Image
from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList

from common.contract import Detail
from inference import checkpoint
from inference.captioner import Alternative, Caption, Deadline
from inference.folder import Decoding


class TorchCaptioner:
    """Captions photos with a VisionEncoderDecoderModel; safe to call from several threads at once."""

    engine = "torch"
    model_type = "vision-encoder-decoder"

    def __init__(self, model: str, threads: int) -> None:
        """Load a checkpoint from a folder or by its Hugging Face id. Raises ModelError."""
        torch.set_num_threads(threads)
        loaded = checkpoint.load(model)
        self.model = model
        self.input_size = (loaded.preprocessing.input.height, loaded.preprocessing.input.width)
        self._network, self._processor, self._tokenizer = loaded.model, loaded.processor, loaded.tokenizer
        self._configs: dict[Detail, GenerationConfig] = {"short": generation(loaded.decoding)}
        if loaded.detailed:
            self._configs["detailed"] = generation(loaded.detailed.rules(loaded.decoding))
        self.details = tuple(self._configs)

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
            [text] = self._say(seen, self._configs[detail], deadline)
            others: list[str] = []
            if alternatives:
                wider = copy.deepcopy(self._configs[detail])
                wider.num_beams = max(wider.num_beams, alternatives + 1)
                wider.num_return_sequences = alternatives + 1
                others = [other for other in dict.fromkeys(self._say(seen, wider, deadline)) if other != text]
        told = tuple(Alternative(other, None) for other in others[:alternatives])
        return Caption(text, encoded - started, time.perf_counter() - encoded, alternatives=told)

    def _say(self, seen: object, config: GenerationConfig, deadline: Deadline) -> list[str]:
        found = self._network.generate(
            encoder_outputs=seen,
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
