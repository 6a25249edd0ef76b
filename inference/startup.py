"""How a process comes to its first caption soonest: what it imports, and how its model loads meanwhile."""

import gc
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future

    from inference.captioner import Captioner
    from inference.settings import InferenceSettings

# numpy's BLAS would start a thread for each core, which spins, and nothing here multiplies matrices with it.
_UNNEEDED = {"OPENBLAS_NUM_THREADS": "1"}


@contextmanager
def startup() -> Iterator[Executor]:
    """For a process's imports: no search for garbage, and a thread for `load`, which may outlast the block.

    Imports make next to no garbage, and looking for it takes a tenth of their time.
    """
    os.environ.update(_UNNEEDED | os.environ)
    background = ThreadPoolExecutor(1)
    gc.disable()
    try:
        yield background
    finally:
        background.shutdown(wait=False)
        gc.freeze()
        gc.enable()


def load(settings: "InferenceSettings", background: Executor) -> "Future[Captioner]":
    """Begin to load the model. When this returns, what is left of it leaves Python's lock to other imports."""
    from inference.loading import load_captioner

    loading = background.submit(load_captioner, settings)
    if settings.caption_engine == "onnx":
        # Its files are verified while this thread imports what will read them.
        import inference.onnx_engine  # noqa: F401 (so that it is there)
    return loading
