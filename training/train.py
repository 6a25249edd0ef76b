"""From photos and captions to a model folder."""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from training import data, encoder, features, imitation, reinforcement, words
from training.cider import CiderD
from training.decoder import Model, Shape
from training.errors import RecipeError
from training.export import Trained, export
from training.learning import Course, learn
from training.sampling import speak, until_end
from training.score import score


@dataclass(frozen=True)
class Schedule:
    """How long and how fast. These made the shipped model in an hour and a half on one core."""

    seed: int = 0
    vocabulary: int = 3000
    imitation_epochs: int = 8
    imitation_photos: int = 32
    imitation_rate: float = 6e-4
    tail_rate: float = 6e-5
    reinforcement_epochs: int = 8
    reinforcement_photos: int = 50
    reinforcement_rate: float = 1e-4
    draws: int = 5


def train(photos: Path, captions: Path, folder: Path, schedule: Schedule) -> None:
    """Make the model folder.

    What is unfinished lives in `FOLDER.unfinished` beside it, from where a killed run goes on. Raises RecipeError when
    the data does not match its captions, when the folder exists already, or when the unfinished run beside it was
    started with other data or another schedule.
    """
    if folder.exists():
        raise RecipeError(f"{folder} exists already. Name another folder, or move this one away.")
    dataset = data.load(photos, captions)
    work = _workplace(folder, captions, schedule)
    print(f"{len(dataset.train)} photos to learn from and {len(dataset.val)} to measure with; working in {work}.")
    trained = learn_to_caption(dataset, work, schedule)
    export(trained, dataset.val, folder)
    print(f"{folder} is finished; {work} is no longer needed.")


def learn_to_caption(dataset: data.CaptionedPhotos, work: Path, schedule: Schedule) -> Trained:
    """Both stages, in the folder `work`."""
    spoken = [[data.spoken(text) for text in photo.captions] for photo in dataset.train]
    vocabulary = work / "tokenizer.json"
    if not vocabulary.exists():
        words.learn((text for texts in spoken for text in texts), schedule.vocabulary).save(str(vocabulary))
    tokenizer = Tokenizer.from_file(str(vocabulary))
    shape = Shape(tokenizer.get_vocab_size())
    taught = [[words.encode(tokenizer, text, shape.longest) for text in texts] for texts in spoken]

    torch.manual_seed(schedule.seed)
    trunk, tail = encoder.load()
    model = Model(shape, tail)
    maps = features.trunk_maps(trunk, dataset.train, work / "train.npy")
    val_maps = features.trunk_maps(trunk, dataset.val, work / "val.npy")[:1]

    def measure(model: Model) -> str:
        visual = _visual(model, val_maps)[0].float()
        said = [ids for batch in torch.split(visual, 100) for ids in speak(model, batch).tolist()]
        texts = tokenizer.decode_batch([until_end(ids) for ids in said])
        return f"validation, greedy: {score(texts, [photo.captions for photo in dataset.val])}"

    model = _imitate(model, maps, taught, measure, work, schedule)
    return Trained(_reinforce(model, maps, taught, measure, work, schedule), trunk, tokenizer)


Taught = Sequence[Sequence[Sequence[int]]]


def _imitate(
    model: Model, maps: features.Maps, taught: Taught, measure: Callable[[Model], str], work: Path, schedule: Schedule
) -> Model:
    def losses() -> Iterator[Tensor]:
        model.train()
        for batch, chosen in imitation.batches(maps, schedule.imitation_photos):
            yield imitation.loss(model, batch, [taught[photo] for photo in chosen])

    rest = [(part, schedule.imitation_rate) for part in (model.bridge, model.keys_and_values, model.decoder)]
    course = Course(
        name="imitation",
        seed=schedule.seed,
        epochs=schedule.imitation_epochs,
        steps=-(-len(taught) // schedule.imitation_photos),
        rates=[(model.tail, schedule.tail_rate), *rest],
        losses=losses,
        measure=measure,
    )
    return learn(course, model, work / "imitation.pt")


def _reinforce(
    model: Model, maps: features.Maps, taught: Taught, measure: Callable[[Model], str], work: Path, schedule: Schedule
) -> Model:
    reward = CiderD([[caption[1:] for caption in captions] for captions in taught])
    views_seen = functools.cache(lambda: _visual(model, maps))

    def losses() -> Iterator[Tensor]:
        model.eval()
        visual = views_seen()
        for batch in torch.split(torch.randperm(len(taught)), schedule.reinforcement_photos):
            views = torch.randint(len(visual), (len(batch),))
            seen = visual[views, batch].float()
            yield reinforcement.loss(model, seen, batch.tolist(), reward, schedule.draws)[0]

    course = Course(
        name="reinforcement",
        seed=schedule.seed + 1,
        epochs=schedule.reinforcement_epochs,
        steps=-(-len(taught) // schedule.reinforcement_photos),
        rates=[(part, schedule.reinforcement_rate) for part in (model.keys_and_values, model.decoder)],
        losses=losses,
        measure=measure,
    )
    return learn(course, model, work / "reinforcement.pt")


@torch.no_grad()
def _visual(model: Model, maps: features.Maps) -> Tensor:
    """The visual tokens of every view of every photo, float16 [views, photos, positions, width]."""
    views = []
    for view in range(len(maps)):
        batches = torch.split(torch.arange(maps.shape[1]), 64)
        views.append(
            torch.cat(
                [model.see(features.gather(maps, [view] * len(batch), batch.tolist())).half() for batch in batches]
            )
        )
    return torch.stack(views)


def _workplace(folder: Path, captions: Path, schedule: Schedule) -> Path:
    """The folder of the unfinished run, made or found again."""
    work = folder.with_name(f"{folder.name}.unfinished")
    run = {
        "captions": hashlib.sha256(captions.read_bytes()).hexdigest(),
        "schedule": dataclasses.asdict(schedule),
    }
    note = work / "run.json"
    if not note.exists():
        work.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(run, indent=2), "utf-8")
    elif json.loads(note.read_text("utf-8")) != run:
        raise RecipeError(
            f"{work} is a run with other captions or another schedule. Remove it, or name another folder."
        )
    return work
