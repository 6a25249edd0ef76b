"""The three stages of training: to see, to say what people said, to say what scores well."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from training import features, imitation, reinforcement, workers
from training.decoder import Model
from training.learning import Course, learn
from training.reward import Reward


@dataclass(frozen=True)
class Schedule:
    """How long and how fast. These made the shipped model.

    `pictures` is the share of the rendered pictures (see `pictures.render`) that joins the photos. A photo's last
    caption says it in other words, so it counts less: `last_taught` is the probability that it is the one taught in an
    epoch, and `last_rewarded` its weight in the reward.
    """

    seed: int = 0
    vocabulary: int = 4000
    pictures: float = 1.0
    batch: int = 32
    seeing_epochs: int = 5
    tail_rate: float = 1e-4
    saying_epochs: int = 8
    imitation_rate: float = 6e-4
    last_taught: float = 0.3
    reinforcement_epochs: int = 4
    reinforcement_batch: int = 50
    reinforcement_rate: float = 1.5e-4
    last_rewarded: float = 0.2
    draws: int = 4


_ALIKE = 16
"""Batches among which captions of like length are brought together."""


@dataclass(frozen=True)
class Lessons:
    """What is learned from: the trunk's maps of the photos, their encoded captions, and what rewards a caption."""

    maps: features.Maps
    taught: Sequence[Sequence[Sequence[int]]]
    reward: Reward
    measure: Callable[[Model], str]
    work: Path
    schedule: Schedule

    def batches(self, size: int) -> Iterator[Tensor]:
        """The numbers of all photos in random order."""
        yield from torch.split(torch.randperm(len(self.maps)), size)

    def captions(self, photos: Tensor) -> Sequence[Sequence[int]]:
        """One caption of each photo, by lot."""
        return [imitation.drawn(self.taught[photo], self.schedule.last_taught) for photo in photos.tolist()]

    def alike(self, size: int) -> Iterator[tuple[Tensor, Sequence[Sequence[int]]]]:
        """All photos in random order with a caption each, as long as others of its batch: little is padding."""
        for several in self.batches(_ALIKE * size):
            captions = self.captions(several)
            by_length = sorted(range(len(several)), key=lambda place: len(captions[place]))
            starts = range(0, len(several), size)
            for start in torch.tensor(starts)[torch.randperm(len(starts))].tolist():
                places = by_length[start : start + size]
                yield several[places], [captions[place] for place in places]


def see(model: Model, lessons: Lessons) -> Model:
    """Everything that can learns: the encoder's tail, the bridge and the decoder."""
    schedule = lessons.schedule

    def losses() -> Iterator[Tensor]:
        model.train()
        for photos in lessons.batches(schedule.batch):
            maps = features.gather(lessons.maps, photos.tolist())
            maps = torch.where(torch.rand(len(photos), 1, 1, 1) < 0.5, features.mirrored(maps), maps)
            yield imitation.loss(model, model.see(imitation.cropped(maps)), lessons.captions(photos))

    rest = [(part, schedule.imitation_rate) for part in (model.bridge, model.keys_and_values, model.decoder)]
    course = Course(
        name="seeing",
        seed=schedule.seed,
        epochs=schedule.seeing_epochs,
        steps=-(-len(lessons.maps) // schedule.batch),
        warm_up=200,
        rates=[(model.tail, schedule.tail_rate), *rest],
        losses=losses,
        measure=lessons.measure,
    )
    return learn(course, model, lessons.work / "seeing.pt")


def say(model: Model, lessons: Lessons, visual: Tensor) -> Model:
    """The decoder learns on alone, which takes a third of the time; visual as `looked` gives it."""
    schedule = lessons.schedule

    def losses() -> Iterator[Tensor]:
        model.train()
        for photos, captions in lessons.alike(schedule.batch):
            yield imitation.loss(model, _either(visual, photos), captions)

    course = Course(
        name="saying",
        seed=schedule.seed + 1,
        epochs=schedule.saying_epochs,
        steps=-(-len(lessons.maps) // schedule.batch),
        warm_up=50,
        rates=[(part, schedule.imitation_rate) for part in (model.keys_and_values, model.decoder)],
        losses=losses,
        measure=lessons.measure,
    )
    return learn(course, model, lessons.work / "saying.pt")


def reinforce(model: Model, lessons: Lessons, visual: Tensor) -> Model:
    """The decoder learns from the reward of what it says."""
    schedule = lessons.schedule

    def losses() -> Iterator[Tensor]:
        model.eval()
        # All batches of an epoch before anything else is drawn: every worker must have the same.
        for batch in list(lessons.batches(schedule.reinforcement_batch)):
            photos = workers.part(batch)
            seen = _either(visual, photos)
            yield reinforcement.loss(model, seen, photos.tolist(), lessons.reward, schedule.draws)[0]

    course = Course(
        name="reinforcement",
        seed=schedule.seed + 2,
        epochs=schedule.reinforcement_epochs,
        steps=-(-len(lessons.maps) // schedule.reinforcement_batch),
        warm_up=50,
        rates=[(part, schedule.reinforcement_rate) for part in (model.keys_and_values, model.decoder)],
        losses=losses,
        measure=lessons.measure,
        shared=True,
    )
    return learn(course, model, lessons.work / "reinforcement.pt")


@torch.no_grad()
def looked(model: Model, maps: features.Maps, path: Path | None = None) -> Tensor:
    """The visual tokens of every photo as it is and mirrored, float16 [2, photos, positions, width].

    Kept at `path`, from where a run that goes on reads them.
    """
    if path is not None and path.exists():
        kept: Tensor = torch.load(path, weights_only=True)
        return kept
    views: tuple[list[Tensor], list[Tensor]] = ([], [])
    for photos in torch.split(torch.arange(len(maps)), 64):
        seen = features.gather(maps, photos.tolist())
        for view, shown in zip(views, (seen, features.mirrored(seen)), strict=True):
            view.append(model.see(shown).half())
    visual = torch.stack([torch.cat(view) for view in views])
    if path is not None:
        part = path.with_suffix(".part")
        torch.save(visual, part)
        part.replace(path)
    return visual


def _either(visual: Tensor, photos: Tensor) -> Tensor:
    """The visual tokens of those photos, each as it is or mirrored."""
    return visual[torch.randint(len(visual), photos.shape), photos].float()
