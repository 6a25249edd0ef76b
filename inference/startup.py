"""How a process comes to its first caption soonest."""

import gc
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

# pydantic would read the metadata of every installed package, in search of plugins; numpy's BLAS would start a thread
# for each core, which spins, and nothing here multiplies matrices with it.
_UNNEEDED = {"PYDANTIC_DISABLE_PLUGINS": "__all__", "OPENBLAS_NUM_THREADS": "1"}


@contextmanager
def startup() -> Iterator[Executor]:
    """For a process's imports: no search for garbage, and a thread that may load the model meanwhile.

    Imports make next to no garbage, and looking for it takes a tenth of their time. Loading a model leaves Python's
    lock alone for the most part; it need not be over at the end of the block.
    """
    os.environ.update(_UNNEEDED | os.environ)
    aside = ThreadPoolExecutor(1)
    gc.disable()
    try:
        yield aside
    finally:
        aside.shutdown(wait=False)
        gc.freeze()
        gc.enable()
