"""The recipe's command line."""

import argparse
import sys
from pathlib import Path

from inference.recipe.errors import RecipeError


def main() -> int:
    """Run one command; 1 when the data or the folder is not what it needs."""
    parser = argparse.ArgumentParser(prog="python -m inference.recipe", description="Make or measure a model folder.")
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="make FOLDER from photos and captions (about two hours on two cores)")
    train.add_argument("photos", type=Path, metavar="PHOTOS", help="the folder of photos")
    train.add_argument("captions", type=Path, metavar="CAPTIONS", help='JSON: {"train": {file: [captions]}, "val": …}')
    train.add_argument("folder", type=Path, metavar="FOLDER", help="where the finished model goes")
    arguments = parser.parse_args()
    try:
        from inference.recipe.train import Schedule
        from inference.recipe.train import train as make

        make(arguments.photos, arguments.captions, arguments.folder, Schedule())
    except RecipeError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
