"""What the two stages share: optimise, average, measure, and save after every epoch."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from training import workers
from training.decoder import Model

_AVERAGE_DECAY = 0.998
_LONGEST_GRADIENT = 1.0


Saved = dict[str, nn.Module | torch.optim.Optimizer | LambdaLR]
"""What a checkpoint holds besides the number of the epoch."""


@dataclass(frozen=True)
class Course:
    """One stage of training.

    `losses` yields the losses of one epoch, `steps` of them; `rates` are the learning rates of the parts that learn;
    they grow for the first `warm_up` steps.
    """

    name: str
    seed: int
    epochs: int
    steps: int
    warm_up: int
    rates: Sequence[tuple[nn.Module, float]]
    losses: Callable[[], Iterator[Tensor]]
    measure: Callable[[Model], str]
    shared: bool = False
    """Whether every worker takes it, each with its part of a batch."""


def learn(course: Course, model: Model, checkpoint: Path) -> Model:
    """Take the course, from the checkpoint where there is one, and return the model averaged over its last steps.

    Each epoch is seeded by its number, so a run that was killed and resumed is the run that was not.
    """
    optimizer = torch.optim.AdamW(_groups(course.rates), betas=(0.9, 0.98), fused=True)
    total = max(1, course.epochs * course.steps)
    scheduler = LambdaLR(optimizer, lambda step: _rate(step, course.warm_up, total))
    average = AveragedModel(model, multi_avg_fn=_average)
    saved: Saved = {"model": model, "average": average, "optimizer": optimizer, "scheduler": scheduler}
    done = _resume(checkpoint, saved)
    for epoch in range(done, course.epochs):
        torch.manual_seed(1_000_003 * course.seed + epoch)
        progress = tqdm(
            course.losses(),
            total=course.steps,
            desc=f"{course.name} {epoch + 1}/{course.epochs}",
            unit="step",
            disable=not workers.first(),
        )
        for loss in progress:
            optimizer.zero_grad()
            loss.backward()
            if course.shared:
                workers.average_gradients(model)
            nn.utils.clip_grad_norm_(model.parameters(), _LONGEST_GRADIENT)
            optimizer.step()
            scheduler.step()
            average.update_parameters(model)
            progress.set_postfix_str(f"loss {loss.item():.3f}", refresh=False)
        if workers.first():
            _save(checkpoint, epoch + 1, saved)
            tqdm.write(f"{course.name} {epoch + 1}/{course.epochs}: {course.measure(_averaged(average))}")
    return _averaged(average)


def _groups(rates: Sequence[tuple[nn.Module, float]]) -> list[dict[str, object]]:
    """Matrices decay, biases, norms and embeddings do not."""
    groups: list[dict[str, object]] = []
    for part, rate in rates:
        embeddings = {id(module.weight) for module in part.modules() if isinstance(module, nn.Embedding)}
        for decays in (True, False):
            chosen = [
                parameter
                for parameter in part.parameters()
                if (parameter.ndim > 1 and id(parameter) not in embeddings) == decays
            ]
            groups.append({"params": chosen, "lr": rate, "weight_decay": 0.05 if decays else 0.0})
    return groups


def _rate(step: int, warm_up: int, total: int) -> float:
    """Linear warm-up, then a cosine down to a hundredth."""
    warmth = min(1.0, (step + 1) / min(warm_up, total))
    return warmth * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / total))))


def _average(
    averages: tuple[Tensor, ...] | list[Tensor], current: tuple[Tensor, ...] | list[Tensor], updates: Tensor | int
) -> None:
    decay = min(_AVERAGE_DECAY, (1 + int(updates)) / (10 + int(updates)))
    torch._foreach_lerp_(list(averages), list(current), 1 - decay)


def _averaged(average: AveragedModel) -> Model:
    return cast("Model", average.module).eval()


def _save(checkpoint: Path, epoch: int, saved: Saved) -> None:
    part = checkpoint.with_suffix(".part")
    torch.save({"epoch": epoch} | {name: holder.state_dict() for name, holder in saved.items()}, part)
    part.replace(checkpoint)


def _resume(checkpoint: Path, saved: Saved) -> int:
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    for name, holder in saved.items():
        holder.load_state_dict(state[name])
    epoch: int = state["epoch"]
    return epoch
