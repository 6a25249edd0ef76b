"""The recipe's command line."""

import argparse
import sys
from pathlib import Path

from inference.captioner import ModelError
from training.errors import RecipeError


def main() -> int:
    """Run one command; 1 when the data or the folder is not what it needs."""
    parser = argparse.ArgumentParser(prog="python -m training", description="Make or measure a model folder.")
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser(
        "train", help="make FOLDER from photos and captions (expect more than an hour on two cores; needs Chromium)"
    )
    train.add_argument("photos", type=Path, metavar="PHOTOS", help="the folder of photos")
    train.add_argument("captions", type=Path, metavar="CAPTIONS", help='JSON: {"train": {file: [captions]}, "val": …}')
    train.add_argument("folder", type=Path, metavar="FOLDER", help="where the finished model goes")
    train.set_defaults(run=_train)
    pictures = commands.add_parser("pictures", help="render the pictures that train adds to the photos")
    pictures.add_argument("folder", type=Path, metavar="FOLDER", help="where they go, with their captions.json")
    pictures.set_defaults(run=_pictures)
    score = commands.add_parser("score", help='measure FOLDER on the photos under "val", with the engine that ships')
    score.add_argument("folder", type=Path, metavar="FOLDER", help="a model folder")
    score.add_argument("photos", type=Path, metavar="PHOTOS", help="the folder of photos")
    score.add_argument("captions", type=Path, metavar="CAPTIONS", help="JSON, as for train")
    score.set_defaults(run=_score)
    calibrate = commands.add_parser("calibrate", help='write into FOLDER how sure it may be, by the photos under "val"')
    calibrate.add_argument("folder", type=Path, metavar="FOLDER", help="a model folder; its manifest is changed")
    calibrate.add_argument("photos", type=Path, metavar="PHOTOS", help="the folder of photos")
    calibrate.add_argument("captions", type=Path, metavar="CAPTIONS", help="JSON, as for train")
    calibrate.set_defaults(run=_calibrate)
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except (RecipeError, ModelError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def _train(arguments: argparse.Namespace) -> None:
    from training.stages import Schedule
    from training.train import train

    train(arguments.photos, arguments.captions, arguments.folder, Schedule())


def _pictures(arguments: argparse.Namespace) -> None:
    from training.pictures.render import render
    from training.stages import Schedule

    render(arguments.folder, Schedule().seed)


def _score(arguments: argparse.Namespace) -> None:
    from training import data
    from training.captioning import captions_of
    from training.score import right_kind, score
    from training.things import naming

    photos = data.load(arguments.photos, arguments.captions).val
    said = captions_of(arguments.folder, photos)
    references = [photo.captions for photo in photos]
    print(f"{arguments.folder}, {len(photos)} photos: {score(said, references)}, {naming(said, references)}")
    if kinds := data.kinds(arguments.captions):
        share = right_kind(said, [kinds[photo.path.name] for photo in photos])
        print(f"the right kind of picture in {100 * share:.1f} %")


def _calibrate(arguments: argparse.Namespace) -> None:
    from training import data
    from training.confidence import calibrate

    found = calibrate(arguments.folder, data.load(arguments.photos, arguments.captions).val)
    print(f"{arguments.folder}: {found.confidence}\n\n{found.table()}")


if __name__ == "__main__":
    sys.exit(main())
