"""The engine that ships: an exported model folder, run by ONNX Runtime without torch or transformers.

It knows no architecture. The manifest's prompt is fed to an encoder that has an input for one, every output of the
encoder to the decoder's input of the same name, and `present` of a step to `past` of the next one, as values that stay
where ONNX Runtime made them.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from PIL import Image
from tokenizers import Tokenizer

from common.contract import Detail
from inference.captioner import Alternative, Caption, Deadline, ModelError, takes_no_prompt
from inference.folder import ModelFolder
from inference.manifest import Decoding
from inference.preprocessing import pixel_values
from inference.search import Floats, Hypothesis, Ints, search, width
from inference.ways import begun, ways_of

Values = dict[str, ort.OrtValue]


class OnnxCaptioner:
    """Captions photos with an exported model; safe to call from several threads at once."""

    engine = "onnx"

    def __init__(self, folder: ModelFolder, threads: int, name: str, prompt: str | None = None) -> None:
        """Load a model folder; `name` is what the service reports, `prompt` what captions begin with.

        Raises ModelError.
        """
        self.model = name
        self._preprocessing, self._confidence = folder.manifest.preprocessing, folder.manifest.confidence
        self._ways = ways_of(folder.manifest.prompt_ids, folder.manifest.decoding, folder.manifest.detailed)
        self.details = tuple(self._ways)
        self.input_size = (self._preprocessing.input.height, self._preprocessing.input.width)
        # Loading releases the GIL, so that the parts load side by side.
        with ThreadPoolExecutor(max_workers=3) as pool:
            encoder = pool.submit(session, folder.encoder, threads)
            decoder = pool.submit(session, folder.decoder, threads)
            tokenizer = pool.submit(Tokenizer.from_file, str(folder.tokenizer))
        self._encoder, self._decoder = Encoder(encoder.result()), Decoder(decoder.result())
        self._tokenizer = tokenizer.result()
        if prompt is not None:
            if not folder.manifest.takes_prompt:
                raise takes_no_prompt(name)
            prefix = self._tokenizer.encode(prompt, add_special_tokens=False).ids
            self._ways = begun(self._ways, prefix, folder.manifest.places, name)
        for _, rules in self._ways.values():
            if self._decoder.width < width(rules):
                raise ModelError(
                    f"{folder.decoder} gives the {self._decoder.width} best tokens of a step, and {rules.beams} "
                    f"beams need {width(rules)}. Export the model again with `captionbot export MODEL FOLDER`."
                )

    def caption(
        self, image: Image.Image, deadline: Deadline, alternatives: int = 0, detail: Detail = "short"
    ) -> Caption:
        """Caption an upright RGB image, with up to so many alternatives.

        Raises DeadlineExceeded or Cancelled between two steps.
        """
        started = time.perf_counter()
        deadline.check()
        prompt_ids, rules = self._ways[detail]
        context = self._encoder.see(pixel_values(image, self._preprocessing), prompt_ids)
        encoded = time.perf_counter()
        found = search(self._decoder.about(context), rules, deadline)
        best = self._said(found[0], rules)
        others: tuple[Alternative, ...] = ()
        if alternatives:
            # More beams than usual might find another best one: so they look only for what is said beside it.
            wider = msgspec.structs.replace(rules, beams=max(rules.beams, alternatives + 1))
            found += search(self._decoder.about(context), wider, deadline)
            said = [self._said(one, rules) for one in found]
            distinct = {other.text: other for other in said if other.text != best.text}
            others = tuple(distinct.values())[:alternatives]
        return Caption(best.text, encoded - started, time.perf_counter() - encoded, best.confidence, others)

    def _said(self, hypothesis: Hypothesis, rules: Decoding) -> Alternative:
        # Some vocabularies have words for line breaks and spaces; WordPiece marks the end of a word even if none began.
        text = " ".join(self._tokenizer.decode(hypothesis.tokens, skip_special_tokens=True).split()).removeprefix("##")
        curve = self._confidence
        return Alternative(text, None if curve is None else curve.of(hypothesis.mean(rules)))


class Encoder:
    """An encoder session, and the names of what goes in and comes out."""

    def __init__(self, loaded: ort.InferenceSession) -> None:
        self.session = loaded
        self.outputs = [output.name for output in loaded.get_outputs()]
        self._prompted = any(given.name == "prompt_ids" for given in loaded.get_inputs())

    def feeds(self, pixels: NDArray[np.float32], prompt_ids: Sequence[int]) -> dict[str, ort.OrtValue]:
        """What the session is fed for a photo [1, 3, height, width]; encoders without prompts ignore theirs."""
        given: dict[str, NDArray[np.float32] | NDArray[np.int64]] = {"pixel_values": pixels}
        if self._prompted:
            given["prompt_ids"] = np.array([prompt_ids], np.int64)
        return {name: ort.OrtValue.ortvalue_from_numpy(value) for name, value in given.items()}

    def see(self, pixels: NDArray[np.float32], prompt_ids: Sequence[int]) -> Values:
        """Make of a photo, and of what is said beside it, all that the decoder wants."""
        made = self.session.run_with_ort_values(self.outputs, self.feeds(pixels, prompt_ids))
        return dict(zip(self.outputs, made, strict=True))


class Decoder:
    """A decoder session and what it needs before the first step."""

    def __init__(self, loaded: ort.InferenceSession) -> None:
        self.session = loaded
        self.width: int = next(output.shape[1] for output in loaded.get_outputs() if output.name == "top_tokens")
        _, parts, _, dim = next(given.shape for given in loaded.get_inputs() if given.name == "past")
        self.no_past = ort.OrtValue.ortvalue_from_numpy(np.zeros((1, parts, 0, dim), np.float32))

    def about(self, context: Values) -> "_Step":
        """Begin a caption about one photo, given all that the encoder made of it."""
        return _Step(self.session, context, self.no_past)


class _Step:
    """`search.Step` over a decoder session; what it is given and what it makes stays with ONNX Runtime."""

    def __init__(self, loaded: ort.InferenceSession, context: Values, past: ort.OrtValue) -> None:
        self._session, self._past = loaded, past
        self._binding = loaded.io_binding()
        for name, value in context.items():
            self._binding.bind_ortvalue_input(name, value)

    def __call__(self, tokens: Ints, parents: Ints) -> tuple[Floats, Ints]:
        self._binding.bind_cpu_input("input_ids", tokens)
        self._binding.bind_cpu_input("parents", parents)
        self._binding.bind_ortvalue_input("past", self._past)
        for name in ("top_scores", "top_tokens", "present"):
            self._binding.bind_output(name)  # anew, for its size may be another one
        self._session.run_with_iobinding(self._binding)
        scores, best, self._past = self._binding.get_outputs()
        return scores.numpy(), best.numpy()


def session(file: Path, threads: int) -> ort.InferenceSession:
    """Load a graph. Raises ModelError where ONNX Runtime cannot."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # It would plan one block for all, beside what the first photo took: a third of the memory, and no faster.
    options.enable_mem_pattern = False
    # Long enough to be awake for a graph's next operator, and too short to be in the way of the other session's work.
    options.add_session_config_entry("session.intra_op.spin_duration_us", "20")
    try:
        return ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own errors share no base
        raise ModelError(
            f"{file} cannot be loaded by ONNX Runtime {ort.__version__} ({str(error).splitlines()[0]}). "
            "Export the model again with `captionbot export MODEL FOLDER`."
        ) from error
