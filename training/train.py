"""From photos and captions to a model folder."""

import dataclasses
import hashlib
import json
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from training import data, encoder, features, words, workers
from training.decoder import Model, Shape
from training.errors import RecipeError
from training.export import Trained, export
from training.pictures.render import CAPTIONS, render
from training.reward import Reward
from training.sampling import speak, until_end
from training.score import score
from training.stages import Lessons, Schedule, looked, reinforce, say, see
from training.things import naming


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
    workers.join()
    trained = learn_to_caption(dataset, work, schedule)
    if workers.first():
        export(trained, dataset.val, folder)
        print(f"{folder} is finished; {work} is no longer needed.")


def learn_to_caption(dataset: data.CaptionedPhotos, work: Path, schedule: Schedule) -> Trained:
    """All stages, in the folder `work`; of several workers only the first takes those before the last."""
    with workers.first_before_others():
        print(f"{len(dataset.train)} photos to learn from and {len(dataset.val)} to measure with; working in {work}.")
        model, lessons, visual, trunk, tokenizer = _imitate(dataset, work, schedule)
    return Trained(reinforce(model, lessons, visual), trunk, tokenizer)


def _imitate(
    dataset: data.CaptionedPhotos, work: Path, schedule: Schedule
) -> tuple[Model, Lessons, Tensor, nn.Sequential, Tokenizer]:
    if schedule.pictures:
        pictures = work / "pictures"
        if not (pictures / CAPTIONS).exists():
            render(pictures, schedule.seed, schedule.pictures)
        dataset = data.together(dataset, data.load(pictures, pictures / CAPTIONS))
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
    val_maps = features.trunk_maps(trunk, dataset.val, work / "val.npy")

    def measure(model: Model) -> str:
        visual = looked(model, val_maps)[0].float()
        said = [ids for batch in torch.split(visual, 100) for ids in speak(model, batch).tolist()]
        texts = tokenizer.decode_batch([until_end(ids) for ids in said])
        references = [photo.captions for photo in dataset.val]
        return f"validation, greedy: {score(texts, references)}, {naming(texts, references)}"

    reward = Reward(tokenizer, [[caption[1:] for caption in photo] for photo in taught], schedule.last_rewarded)
    lessons = Lessons(maps, taught, reward, measure, work, schedule)
    model = see(model, lessons)
    visual = looked(model, maps, work / "visual.pt")
    return say(model, lessons, visual), lessons, visual, trunk, tokenizer


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
