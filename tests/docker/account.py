"""An empty account at AWS, on this machine, and docker/deploy.py with the AWS command line and sam as they are."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.docker.templates import DEPLOY_ROLE, ROOT
from tests.sandbox.aws import AwsSandbox
from tests.sandbox.lambda_api import LambdaApi
from tests.sandbox.lambda_function import ACCOUNT, REGION
from tests.sandbox.lambda_url import CREDENTIALS, KEY_ID

PROGRAMS = {
    "aws": "awscli==1.46.3",
    "sam": re.findall(r"aws-sam-cli==[\d.]+", (ROOT / "Makefile").read_text())[0],
}
ADMINISTRATOR, DEPLOYER = f"{KEY_ID}ADMINISTRATOR", f"{KEY_ID}DEPLOYER"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Account:
    """`aws` is the sandbox, `functions` what of Lambda can be asked."""

    def __init__(self, aws: AwsSandbox) -> None:
        self.aws = aws
        self.functions = LambdaApi(aws.servers)
        self.programs = aws.folder / "programs"
        self.programs.mkdir()
        uvx = Path(sys.executable).parent / "uvx"
        for name, package in PROGRAMS.items():
            program = self.programs / name
            program.write_text(
                f'#!/bin/sh\nexec {uvx} --quiet --python {sys.executable} --from {package} {name} "$@"\n'
            )
            program.chmod(0o755)

    def command(self, *words: str, key: str = DEPLOYER, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run a program that knows nothing of AWS but this account and these variables."""
        # Their many modules are compiled once, wherever tests run: at each start that takes as long as the command.
        left_out = ("AWS_", "PYTHONDONTWRITEBYTECODE")
        whole = {
            **{name: value for name, value in os.environ.items() if not name.startswith(left_out)},
            "PATH": f"{self.programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            **CREDENTIALS,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_ENDPOINT_URL_LAMBDA": self.functions.url,
            "SAM_CLI_TELEMETRY": "0",
            # It asks every second what a person would wait for.
            "SAM_CLI_POLL_DELAY": "1",
            **environment,
        }
        return subprocess.run(words, capture_output=True, text=True, cwd=self.aws.folder, env=whole, timeout=600)

    def deploy(self, *words: str, stack: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run docker/deploy.py."""
        return self.command(str(ROOT / "docker/deploy.py"), *words, STACK=stack, **environment)

    def prepare(self, stack: str) -> None:
        """Make the role for GitHub, and the repositories, as docs/aws.md says."""
        names = ["Repository=octo/Bot", "OwnerId=1", "RepositoryId=2", f"Stack={stack}"]
        made = self.command(
            *("aws", "cloudformation", "deploy"),
            *("--stack-name", f"{stack}-deploy", "--template-file", str(DEPLOY_ROLE)),
            *("--capabilities", "CAPABILITY_NAMED_IAM", "--parameter-overrides", *names),
            key=ADMINISTRATOR,
            AWS_DEFAULT_REGION=REGION,
        )
        assert made.returncode == 0, made.stdout + made.stderr

    def push(self, repository: str, content: str) -> str:
        """Push an image; returns its name by digest."""
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": {"digest": content}, "layers": []})
        digest = f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
        self.aws.client("ecr", ADMINISTRATOR).put_image(
            repositoryName=repository,
            imageManifest=manifest,
            imageManifestMediaType=MANIFEST,
            imageDigest=digest,
            imageTag=content,
        )
        return image(repository, digest)

    def stack(self, name: str) -> dict[str, Any]:
        """Describe a stack."""
        found: dict[str, Any] = self.aws.client("cloudformation", ADMINISTRATOR).describe_stacks(StackName=name)
        return dict(found["Stacks"][0])


def image(repository: str, digest: str) -> str:
    return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{repository}@{digest}"


def parameters(stack: dict[str, Any]) -> dict[str, str]:
    return {entry["ParameterKey"]: entry["ParameterValue"] for entry in stack["Parameters"]}
