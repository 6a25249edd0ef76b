"""The engine that ships: an exported model folder, run by ONNX Runtime without torch or transformers.

It knows no architecture. Every output of the encoder is fed to the decoder's input of the same name, every `present.*`
output of a step to the `past.*` input of the next one, as values that stay where ONNX Runtime made them.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime as ort
from PIL import Image
from tokenizers import Tokenizer

from inference.captioner import Caption, Deadline, ModelError
from inference.folder import ModelFolder
from inference.preprocessing import pixel_values
from inference.search import Floats, Ints, search, width

_CPU = ["CPUExecutionProvider"]
Values = dict[str, ort.OrtValue]


class OnnxCaptioner:
    """Captions photos with an exported model; safe to call from several threads at once."""

    engine = "onnx"

    def __init__(self, folder: Path, threads: int, name: str) -> None:
        """Verify and load a model folder; `name` is what the service reports. Raises ModelError."""
        opened = ModelFolder.open(folder)
        self.model = name
        self.preprocessing, self.decoding = opened.manifest.preprocessing, opened.manifest.decoding
        self.input_size = (self.preprocessing.input.height, self.preprocessing.input.width)
        # Loading releases the GIL, so that the parts load side by side.
        with ThreadPoolExecutor(max_workers=3) as pool:
            encoder = pool.submit(_session, opened.encoder, threads)
            decoder = pool.submit(_session, opened.decoder, threads)
            tokenizer = pool.submit(Tokenizer.from_file, str(opened.tokenizer))
        self.encoder, self.decoder, self.tokenizer = encoder.result(), decoder.result(), tokenizer.result()
        self._context = [output.name for output in self.encoder.get_outputs()]
        self._no_past = _no_past(self.decoder)
        self._require_width(opened.decoder)

    def caption(self, image: Image.Image, deadline: Deadline) -> Caption:
        """Caption an upright RGB image; raises DeadlineExceeded or Cancelled between two steps."""
        started = time.perf_counter()
        deadline.check()
        pixels = ort.OrtValue.ortvalue_from_numpy(pixel_values(image, self.preprocessing))
        made = self.encoder.run_with_ort_values(self._context, {"pixel_values": pixels})
        encoded = time.perf_counter()
        step = _Step(self.decoder, dict(zip(self._context, made, strict=True)), self._no_past)
        tokens = search(step, self.decoding, deadline)
        text = self.tokenizer.decode(tokens, skip_special_tokens=True).strip()
        return Caption(text, encoded - started, time.perf_counter() - encoded)

    def _require_width(self, file: Path) -> None:
        offered = next(output.shape[1] for output in self.decoder.get_outputs() if output.name == "top_tokens")
        if offered < width(self.decoding):
            raise ModelError(
                f"{file} gives the {offered} best tokens of a step, and {self.decoding.beams} beams need "
                f"{width(self.decoding)}. Export the model again with `captionbot export MODEL FOLDER`."
            )


class _Step:
    """`search.Step` over a decoder session, about one photo."""

    def __init__(self, session: ort.InferenceSession, context: Values, past: Values) -> None:
        self._session = session
        self._context = context
        self._past = past
        self._kept = list(past)
        self._outputs = ["top_scores", "top_tokens", *(name.replace("past", "present", 1) for name in past)]

    def __call__(self, tokens: Ints, parents: Ints) -> tuple[Floats, Ints]:
        feeds = {
            "input_ids": ort.OrtValue.ortvalue_from_numpy(tokens[:, None]),
            "parents": ort.OrtValue.ortvalue_from_numpy(parents),
            **self._context,
            **self._past,
        }
        scores, best, *present = self._session.run_with_ort_values(self._outputs, feeds)
        self._past = dict(zip(self._kept, present, strict=True))
        return scores.numpy(), best.numpy()


def _session(file: Path, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(file, options, providers=_CPU)


def _no_past(decoder: ort.InferenceSession) -> Values:
    """The past of the first step: of its free dimensions, the first (rows) is one, the second (length) none."""
    past: Values = {}
    for given in decoder.get_inputs():
        if given.name.startswith("past"):
            free = iter((1, 0))
            shape = [size if isinstance(size, int) else next(free) for size in given.shape]
            past[given.name] = ort.OrtValue.ortvalue_from_numpy(np.zeros(shape, np.float32))
    return past
