"""The stack as docker/deploy.py sees it: what is asked of AWS, and how a stack is changed, or why it cannot be."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

STACK = os.environ.get("STACK") or "captionbot"

CHANGEABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS")
# What CloudFormation can only delete: nothing in it has ever run.
NEVER_RAN = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")

Json = dict[str, Any]


class Failed(Exception):
    """A step that failed; the text says what to do."""


def environment() -> dict[str, str]:
    """Name the region in both ways: sam reads one of them, some versions of the AWS command line the other.

    Raises Failed.
    """
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise Failed("no region is chosen: export AWS_REGION=eu-central-1, or yours")
    return os.environ | {"AWS_REGION": region, "AWS_DEFAULT_REGION": region, "AWS_PAGER": ""}


def run(*command: str) -> None:
    """Run a program that speaks for itself. Raises Failed."""
    sys.stdout.flush()
    try:
        subprocess.run(command, check=True, env=environment())  # noqa: S603 (a list, and no shell)
    except FileNotFoundError:
        raise Failed(f"{command[0]} is missing: `pipx install aws-sam-cli` brings sam") from None
    except subprocess.CalledProcessError:
        raise Failed(f"{' '.join(command[:2])} failed; it says why above") from None


def aws(*arguments: str) -> Any:  # noqa: ANN401 (JSON)
    """Ask the AWS command line; returns its answer. Raises Failed with its own sentence."""
    command = ["aws", *arguments, "--output", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)  # noqa: S603 (see above)
    except FileNotFoundError:
        raise Failed("the AWS command line is missing: https://aws.amazon.com/cli says how to get it") from None
    if done.returncode != 0:
        raise Failed(f"aws {' '.join(arguments[:2])}: {done.stderr.strip()}")
    return json.loads(done.stdout) if done.stdout.strip() else None


def described(name: str = STACK) -> Json | None:
    """Describe a stack; None when there is none of that name. Raises Failed for every other trouble."""
    try:
        found: Json = aws("cloudformation", "describe-stacks", "--stack-name", name)["Stacks"][0]
    except Failed as failed:
        if f"Stack with id {name} does not exist" in str(failed):
            return None
        raise
    return found


def running() -> Json:
    """Describe the stack, in which something must run. Raises Failed."""
    stack = described()
    if stack is None or "Captioner" not in outputs(stack):
        raise Failed(f"nothing runs in a stack {STACK} here: `docker/deploy.py images` deploys it")
    return stack


def outputs(stack: Json) -> dict[str, str]:
    """Read what a stack tells."""
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs") or ()}


def parameters(stack: Json) -> dict[str, str]:
    """Read what a stack was deployed with, defaults included."""
    return {entry["ParameterKey"]: entry["ParameterValue"] for entry in stack.get("Parameters") or ()}


def deployment() -> dict[str, str]:
    """Read the outputs of the stack of docker/deploy-role.yaml. Raises Failed."""
    stack = described(f"{STACK}-deploy")
    if stack is None:
        raise Failed(f"there is no stack {STACK}-deploy here: make it of docker/deploy-role.yaml first")
    return outputs(stack)


def deploy(template: Path, chosen: dict[str, str], role: str) -> None:
    """Create or update the stack, once nothing is in the way. Raises Failed."""
    _clear_the_way(role)
    with tempfile.TemporaryDirectory() as folder:
        # In a file, since sam's command line takes no empty value. JSON is YAML.
        file = Path(folder, "parameters.yaml")
        file.write_text(json.dumps(chosen))
        # The images are in ECR already; sam wants to hear of a repository all the same.
        run(
            *("sam", "deploy", "--template-file", str(template), "--stack-name", STACK),
            *("--no-confirm-changeset", "--no-fail-on-empty-changeset"),
            *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--role-arn", role),
            *("--image-repository", chosen["InferenceImage"].partition("@")[0]),
            *("--parameter-overrides", f"file://{file}"),
        )


def _clear_the_way(role: str) -> None:
    """Delete a stack that could not be created, after saying why. Raises Failed for one that cannot be changed now."""
    stack = described()
    if stack is None or stack["StackStatus"] in CHANGEABLE:
        return
    status = stack["StackStatus"]
    if status.endswith("_IN_PROGRESS"):
        raise Failed(f"the stack {STACK} is being changed ({status}): deploy again when that is over")
    if status not in NEVER_RAN:
        remedy = "continue-update-rollback" if status == "UPDATE_ROLLBACK_FAILED" else "delete-stack"
        raise Failed(
            f"the stack {STACK} is stuck ({status}). {_why()}Mend that, then run "
            f"`aws cloudformation {remedy} --stack-name {STACK} --role-arn {role}`, and deploy again"
        )
    print(f"The stack {STACK} could not be created ({status}); nothing in it ever ran. {_why()}")
    print("Deleting it, to create it anew.")
    # By its id, which it keeps when the name is free again.
    aws("cloudformation", "delete-stack", "--stack-name", stack["StackId"], "--role-arn", role)
    run("aws", "cloudformation", "wait", "stack-delete-complete", "--stack-name", stack["StackId"])


def _why() -> str:
    """Tell what failed first in the stack's last operation, in CloudFormation's words."""
    found = ""
    # The newest comes first.
    for event in aws("cloudformation", "describe-stack-events", "--stack-name", STACK)["StackEvents"]:
        status, reason = event["ResourceStatus"], event.get("ResourceStatusReason", "")
        # What was cancelled beside a failure has no reason of its own.
        if status.endswith("_FAILED") and reason and "cancelled" not in reason:
            found = f"{event['LogicalResourceId']}: {reason} "
        if event["PhysicalResourceId"] == event["StackId"] and status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"):
            break
    return found
