"""Build the three images and prove them: `make images`, or `python -m tests.images`.

They are built on the real bases where a registry answers, else on stand-ins. Each is looked through: its packages are
its lock's, and nothing in it is only for building or testing. Then it is run, shut in as in production.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.images import bases, composed, proofs
from tests.images.engine import Absent, Engine, find

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "images"


def say(sentence: str) -> None:
    print(f"{time.strftime('%T')}  {sentence}", flush=True)


def commit() -> str:
    """The commit that is checked out; "" outside a clone."""
    asked = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True).stdout.strip()


def prove(engine: Engine, model: str, work: Path) -> None:
    """Build and prove every image, with files in `work`. Raises Absent, RuntimeError or AssertionError."""
    say(f"with {engine.name}")
    names = bases.named(proof.dockerfile for proof in proofs.ALL)
    for base in names:
        say(f"{base}: {bases.provide(engine, base, work)}")
    arguments = {"COMMIT": commit(), "CAPTION_MODEL": model}
    for proof in proofs.ALL:
        started = time.monotonic()
        wanted = [name for name in arguments if f"\nARG {name}=" in proof.dockerfile.read_text()]
        engine.run(
            *("build", "--tag", proof.image, "--file", proof.dockerfile),
            *(word for name in wanted for word in ("--build-arg", f"{name}={arguments[name]}")),
            *(["--pull=never"] if engine.name == "podman" else []),
            ROOT,
        )
        say(f"{proof.image}: built in {time.monotonic() - started:.0f} s, {engine.size(proof.image):.0f} MB")
        for sentence in proof(engine, work):
            say(f"  {sentence}")
    if engine.name == "podman":
        for sentence in composed.prove(engine, proofs.ALL[0].image, work / "composed"):
            say(f"  {sentence}")
    say("all three images are as they should be")


@contextmanager
def building(work: Path) -> Iterator[Engine]:
    """Give what builds images here; podman's lie in `work`, and are deleted at the end. Raises Absent."""
    engine = find(work)
    try:
        yield engine
    finally:
        if engine.name == "podman":
            say("deleting the images, which lie in a store of their own")
            subprocess.run(engine.command("system", "reset", "--force"), env=engine.environment, capture_output=True)
            shutil.rmtree(work / "tmp", ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="starter", help="the captioner's: starter, or a Hugging Face id")
    model = parser.parse_args().model
    try:
        with building(WORK) as engine:
            prove(engine, model, WORK)
    except (Absent, RuntimeError, AssertionError) as error:
        sys.exit(f"images: {error}")


if __name__ == "__main__":
    main()
