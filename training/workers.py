"""Several processes that learn together: each from its part of every batch, all with the same gradients.

`torchrun --standalone --nproc-per-node 2 -m training train …` starts two. They wait for each
other once a step, where threads would wait at every operator: on busy cores that takes a third of the time.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn

_PATIENCE = timedelta(days=2)


def join() -> None:
    """Meet the others, where torchrun started several."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        distributed.init_process_group("gloo", timeout=_PATIENCE)


@contextmanager
def first_before_others() -> Iterator[None]:
    """What the first process does before the others do it, so that they find its files."""
    if not first():
        distributed.barrier()
    yield
    if first() and distributed.is_initialized():
        distributed.barrier()


def first() -> bool:
    """Whether this process is the one that writes files and measures."""
    return not distributed.is_initialized() or distributed.get_rank() == 0


def part(batch: Tensor) -> Tensor:
    """Give this process its part of a batch."""
    if not distributed.is_initialized():
        return batch
    own = batch[distributed.get_rank() :: distributed.get_world_size()]
    return own if len(own) else batch  # the last batch may have fewer photos than there are workers


def average_gradients(model: nn.Module) -> None:
    """Give every process the mean of all their gradients."""
    if not distributed.is_initialized():
        return
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    together = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(together)
    together /= distributed.get_world_size()
    sizes = [gradient.numel() for gradient in gradients]
    for gradient, mean in zip(gradients, together.split(sizes), strict=True):
        gradient.copy_(mean.view_as(gradient))
