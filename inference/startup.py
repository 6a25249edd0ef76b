"""How a process comes to its first caption soonest."""

import gc
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def startup() -> Iterator[Executor]:
    """For a process's imports: no search for garbage, and a thread that may load the model meanwhile.

    Imports make next to no garbage, and looking for it takes a tenth of their time. Loading a model leaves Python's
    lock alone for the most part; it need not be over at the end of the block.
    """
    aside = ThreadPoolExecutor(1)
    gc.disable()
    try:
        yield aside
    finally:
        aside.shutdown(wait=False)
        gc.freeze()
        gc.enable()
