"""The Lambda functions start with nothing but what is in their images, and with the settings of the template."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docker.templates import ROOT, TEMPLATE, resources

# What the intrinsic functions of the template stand for, where a setting is not a plain value.
VALUES = {
    "INBOX_URL": "https://sqs.eu-central-1.amazonaws.com/000000000000/inbox",
    "CLAIMS_TABLE": "claims",
    "CAPTION_DETAIL": "short",
    "CAPTION_PROMPT": "",
    "INFERENCE_URL": "https://captioner.lambda-url.eu-central-1.on.aws/",
    "SLACK_BOT_TOKEN_PARAMETER": "xoxb-1-1-token",
    "SLACK_SIGNING_SECRET_PARAMETER": "signing-secret",
    "TELEGRAM_BOT_TOKEN_PARAMETER": "1:token",
    "TELEGRAM_WEBHOOK_SECRET_PARAMETER": "webhook-secret",
}
# What a Dockerfile copies of ours beside the packages.
COPIED = re.compile(r"^COPY (\S+)/\*\.py /packages/(\S+)/$", re.MULTILINE)
# Without site-packages: sys.path has what lies in the image's /var/task.
START = """
import importlib, sys
sys.path[:0] = sys.argv[2:]
module, _, name = sys.argv[1].rpartition(".")
handler = getattr(importlib.import_module(module), name)
print(handler({"warm": True}, None))
"""


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folders: dict[str, Path] = {}

    def unpack(lock: str) -> Path:
        if lock not in folders:
            folders[lock] = tmp_path_factory.mktemp(lock)
            architecture = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            subprocess.run(
                [ROOT / "docker/unpack", architecture, folders[lock], ROOT / f"docker/requirements/{lock}.txt"],
                check=True,
                env=os.environ
                | {"PYTHON_VERSION": version, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            )
            for source, target in COPIED.findall(_dockerfile(lock)):
                (folders[lock] / target).mkdir(parents=True)
                for module in (ROOT / source).glob("*.py"):
                    shutil.copy(module, folders[lock] / target)
        return folders[lock]

    return unpack


@pytest.mark.parametrize("name", ["Captioner", "SlackDoor", "TelegramDoor", "Worker"])
def test_a_function_starts_and_answers_a_warming_event(
    name: str, unpacked: Callable[[str], Path], tmp_path: Path
) -> None:
    function = resources(TEMPLATE)[name]["Properties"]
    image = "inference" if function["ImageUri"] == {"Ref": "InferenceImage"} else "webhooks"
    # Without a command of its own, a function runs what its image names.
    commands = function.get("ImageConfig", {}).get("Command") or [_command(image)]
    environment = {
        variable.removesuffix("_PARAMETER"): VALUES[variable] if isinstance(value, dict) else str(value)
        for variable, value in function["Environment"]["Variables"].items()
    }
    process = subprocess.run(
        [sys.executable, "-S", "-c", START, *commands, unpacked(image)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "POWERTOOLS_METRICS_NAMESPACE": "captionbot",
            "CAPTION_MODEL": str(ROOT / "inference" / "starter"),  # the image has one in /opt/model
            **environment,
        },
    )
    assert process.returncode == 0, process.stderr
    metric, answer = process.stdout.splitlines()
    assert "ColdStarts" in json.loads(metric)
    assert answer == "{'warm': True}"


def _command(image: str) -> str:
    return _dockerfile(image).rpartition('CMD ["')[2].removesuffix('"]\n')


def _dockerfile(image: str) -> str:
    return (ROOT / f"docker/{image}.Dockerfile").read_text()
