#!/usr/bin/env python3
"""Deploy captionbot on AWS: the steps of .github/workflows/deploy.yml, to be run by hand as well.

docker/deploy.py remember                    print what runs now, for the way back (JSON; null when there is nothing)
docker/deploy.py images INFERENCE WEBHOOKS   deploy these two images, given by digest: …/inference@sha256:…
docker/deploy.py smoke                       ask for a caption; see that all functions start, and doors refuse strangers
docker/deploy.py back FILE                   deploy again what `remember` printed into this file
docker/deploy.py tidy                        mark the images that run, delete the versions that the alias has left

STACK names the stack (captionbot), PARAMETERS holds parameters of docker/template.yaml as Name=Value words, quoted as
in a shell where a value has spaces. It needs the AWS command line and sam.
"""

import hashlib
import json
import os
import shlex
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import smoke
from stack import STACK, Failed, Json, aws, deploy, deployment, described, outputs, parameters, running

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "docker" / "template.yaml"
PHOTO = ROOT / "common" / "samples" / "cat.jpg"
LIVE = "live"  # the tag of the image that runs, which ECR's lifecycle rules let be

# Parameters that this script sees to, and those that change nothing about the captioner.
OURS = {"InferenceImage", "WebhooksImage", "PermissionsBoundary", "Deployed", "Release"}
OTHERS = {
    "WebhooksImage",
    "Deployed",
    "Slack",
    "Telegram",
    "WorkerConcurrency",
    "DoorConcurrency",
    "Warming",
    "AlarmAddress",
}


def remember() -> Json | None:
    """Tell what runs now: the template as it was written, its parameters, and the captioner's version."""
    stack = described()
    if stack is None or "Captioner" not in outputs(stack):
        return None
    template = aws("cloudformation", "get-template", "--stack-name", STACK, "--template-stage", "Original")
    body = template["TemplateBody"]
    return {
        "template": body if isinstance(body, str) else json.dumps(body),
        "parameters": parameters(stack),
        "version": _live(stack)[1],
    }


def images(inference: str, webhooks: str) -> None:
    """Deploy two images, with PARAMETERS and for all others the template's defaults. Raises Failed."""
    roles = deployment()
    # All of them: sam keeps the last value of a parameter that it is not told.
    chosen = _chosen() | {"InferenceImage": inference, "WebhooksImage": webhooks}
    chosen["PermissionsBoundary"] = roles["Boundary"]
    # Front doors and worker read their secrets when they start: each deployment has them start anew.
    chosen["Deployed"] = datetime.now(UTC).isoformat(timespec="seconds")
    chosen["Release"] = _release(TEMPLATE.read_text(), chosen)
    deploy(TEMPLATE, chosen, roles["ResourcesRole"])


def back(before: Json | None) -> None:
    """Deploy what ran before: the captioner at once, by its alias, then all of it. Raises Failed."""
    if before is None:
        raise Failed("nothing ran before this deployment, so there is no way back: mend it and deploy again")
    name, _ = _live(running())
    aws(
        *("lambda", "update-alias", "--function-name", name, "--name", "live"),
        *("--function-version", before["version"]),
    )
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder, "template.yaml")
        template.write_text(before["template"])
        deploy(template, before["parameters"], deployment()["ResourcesRole"])


def smoke_test() -> None:
    """See that all functions start, that a photo gets a caption, and that the doors refuse strangers. Raises Failed."""
    found = outputs(running())
    for part in ("Worker", "SlackDoor", "TelegramDoor"):
        if part in found:
            answer = _invoke(found[part], {"warm": True})
            if answer != {"warm": True}:
                raise Failed(f"{part} does not start. {smoke.sentence(answer)}")
            print(f"{part} starts")
    try:
        print(f"Captioner: {smoke.caption(json.dumps(_invoke(found['Captioner'], smoke.event(PHOTO))))}")
    except ValueError as error:
        raise Failed(f"Captioner: {error}") from None
    for door in ("SlackUrl", "TelegramUrl"):
        if door in found:
            status = smoke.knock(found[door])
            print(f"{door}: {status} for a delivery that proves nothing")
            if status != 401:
                raise Failed(f"{door} must answer that with 401; its log says what went wrong")


def tidy() -> None:
    """Mark the images that run, and delete old versions, since each snapshot costs. Raises Failed."""
    stack = running()
    for image in ("InferenceImage", "WebhooksImage"):
        _mark(parameters(stack)[image])
    name, live = _live(stack)
    versions = aws("lambda", "list-versions-by-function", "--function-name", name)["Versions"]
    for version in [entry["Version"] for entry in versions]:
        if version not in ("$LATEST", live):
            aws("lambda", "delete-function", "--function-name", name, "--qualifier", version)
            print(f"Captioner: version {live} runs, {version} is deleted")


def _chosen() -> dict[str, str]:
    """Read the template's defaults, and PARAMETERS over them. Raises Failed for what cannot be set there."""
    summary = aws("cloudformation", "get-template-summary", "--template-body", f"file://{TEMPLATE}")
    values = {entry["ParameterKey"]: entry.get("DefaultValue") or "" for entry in summary["Parameters"]}
    try:
        words = dict(word.partition("=")[::2] for word in shlex.split(os.environ.get("PARAMETERS", "")))
    except ValueError as error:
        raise Failed(f"PARAMETERS: {error}. Quote what has spaces: CaptionPrompt='a photograph of'") from None
    if unknown := sorted(set(words) - (set(values) - OURS)):
        there = ", ".join(sorted(set(values) - OURS))
        raise Failed(f"PARAMETERS: {', '.join(unknown)} cannot be set there. These can: {there}")
    return values | words


def _release(template: str, chosen: dict[str, str]) -> str:
    """Hash what makes a version of the captioner: with another hash the translation of SAM publishes another one."""
    mine = {name: value for name, value in chosen.items() if name not in OTHERS | {"Release"}}
    return hashlib.sha256(json.dumps([template, mine], sort_keys=True).encode()).hexdigest()


def _live(stack: Json) -> tuple[str, str]:
    """Name the captioner's function, and the version that its alias is at."""
    # The output is arn:…:function:NAME:live.
    name = outputs(stack)["Captioner"].split(":")[-2]
    return name, aws("lambda", "get-alias", "--function-name", name, "--name", "live")["FunctionVersion"]


def _mark(image: str) -> None:
    """Move the tag of what runs to an image, registry/repository@sha256:…. Raises Failed."""
    repository, _, digest = image.partition("/")[2].partition("@")
    where = ("--repository-name", repository)
    [marked, there] = (
        aws("ecr", "batch-get-image", *where, "--image-ids", f"{key}={value}")["images"]
        for key, value in (("imageTag", LIVE), ("imageDigest", digest))
    )
    if not there:
        raise Failed(f"{repository} has no image {digest} any more: deploy new images soon")
    if [entry["imageId"]["imageDigest"] for entry in marked] != [digest]:
        manifest = ("--image-manifest", there[0]["imageManifest"])
        kind = ("--image-manifest-media-type", there[0]["imageManifestMediaType"])
        aws("ecr", "put-image", *where, "--image-tag", LIVE, *manifest, *kind)
    print(f"{repository}: {digest} is marked as {LIVE}")


def _invoke(function: str, event: Json) -> Any:  # noqa: ANN401 (JSON)
    """Invoke a function; returns its answer, or what it failed with."""
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "event.json"), Path(folder, "answer.json")
        asked.write_text(json.dumps(event))
        # fileb:// is read as it is by both major versions of the command line.
        aws("lambda", "invoke", "--function-name", function, "--payload", f"fileb://{asked}", str(answered))
        return json.loads(answered.read_text())


def main(arguments: list[str]) -> None:
    """Run one of the commands."""
    try:
        match arguments:
            case ["remember"]:
                print(json.dumps(remember()))
            case ["images", inference, webhooks]:
                images(inference, webhooks)
            case ["smoke"]:
                smoke_test()
            case ["back", file]:
                back(json.loads(Path(file).read_text()))
            case ["tidy"]:
                tidy()
            case _:
                sys.exit(__doc__)
    except Failed as failed:
        sys.exit(f"{arguments[0]}: {failed}")


if __name__ == "__main__":
    main(sys.argv[1:])
