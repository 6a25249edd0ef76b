"""The engine beside its own sessions: what the loop around them adds.

`python -m tests.bench.bare FOLDER PHOTO THREADS` measures once for each line that it reads, and prints a line of JSON:
milliseconds of a caption from the photo's bytes (`whole`), of the engine alone (`engine`), and of the same runs of the
bare sessions (`encoder`, `decoder`), with the number of `steps`.
"""

import json
import sys
import time
from pathlib import Path

import onnxruntime as ort

from common.contract import MAX_IMAGE_BYTES
from common.screening import decode, inspect
from inference import onnx_engine
from inference.captioner import Deadline
from inference.folder import ModelFolder
from inference.preprocessing import pixel_values
from inference.search import Floats, Ints, search

FOREVER = 1e9


class Bare:
    """An engine, and sessions of its graphs that run what it runs for one photo."""

    def __init__(self, folder: Path, photo: bytes, threads: int) -> None:
        opened = ModelFolder.open(folder)
        self._photo = photo
        self._captioner = onnx_engine.OnnxCaptioner(opened, threads, "bench")
        eyes, self._mouth = (onnx_engine.session(file, threads) for file in (opened.encoder, opened.decoder))
        self._eyes = onnx_engine.Encoder(eyes)
        image = decode(photo, self._captioner.input_size)
        self._pixels = pixel_values(image, opened.manifest.preprocessing)
        self._feeds = self._eyes.feeds(self._pixels, opened.manifest.prompt_ids)
        self._outputs = [output.name for output in self._mouth.get_outputs() if output.name != "logits"]

        # What each step of one caption is given, so that the bare session can run the same again.
        self._runs: list[dict[str, ort.OrtValue]] = []
        made = dict(zip(self._eyes.outputs, self._see(), strict=True))
        step = onnx_engine.Decoder(self._mouth).about(made)

        def noted(tokens: Ints, parents: Ints) -> tuple[Floats, Ints]:
            given = {"input_ids": tokens, "parents": parents}
            values = {name: ort.OrtValue.ortvalue_from_numpy(value) for name, value in given.items()}
            self._runs.append(values | {"past": step._past} | made)
            return step(tokens, parents)

        search(noted, opened.manifest.decoding, Deadline.after(FOREVER))

    def measure(self) -> dict[str, float]:
        started = time.perf_counter()
        inspect(self._photo, MAX_IMAGE_BYTES)
        image = decode(self._photo, self._captioner.input_size)
        screened = time.perf_counter()
        self._captioner.caption(image, Deadline.after(FOREVER))
        captioned = time.perf_counter()
        self._see()
        seen = time.perf_counter()
        spoken = sum(self._say(run) for run in self._runs)
        times = {
            "whole": captioned - started,
            "engine": captioned - screened,
            "encoder": seen - captioned,
            "decoder": spoken,
        }
        return {name: 1e3 * taken for name, taken in times.items()} | {"steps": len(self._runs)}

    def _see(self) -> list[ort.OrtValue]:
        made: list[ort.OrtValue] = self._eyes.session.run_with_ort_values(self._eyes.outputs, self._feeds)
        return made

    def _say(self, given: dict[str, ort.OrtValue]) -> float:
        """Run one step; returns seconds, without those of binding its values."""
        binding = self._mouth.io_binding()
        for name, value in given.items():
            binding.bind_ortvalue_input(name, value)
        for name in self._outputs:
            binding.bind_output(name)
        started = time.perf_counter()
        self._mouth.run_with_iobinding(binding)
        return time.perf_counter() - started


if __name__ == "__main__":
    folder, photo, threads = sys.argv[1:]
    bare = Bare(Path(folder), Path(photo).read_bytes(), int(threads))
    for _ in sys.stdin:
        print(json.dumps(bare.measure()), flush=True)
