"""The CloudFormation templates as values."""

from pathlib import Path
from typing import Any

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "docker" / "template.yaml"
DEPLOY_ROLE = ROOT / "docker" / "deploy-role.yaml"

Resource = dict[str, Any]


def resources(template: Path) -> dict[str, Resource]:
    """Read a template's resources, with short forms such as `!Ref` spelled out."""
    found: dict[str, Resource] = yaml_parse(template.read_text())["Resources"]
    return found


def parameters(template: Path) -> dict[str, Resource]:
    """Read a template's parameters."""
    found: dict[str, Resource] = yaml_parse(template.read_text())["Parameters"]
    return found


def translated(template: Path, **values: str) -> dict[str, Resource]:
    """Read a template's resources as CloudFormation gets them, after AWS's own translation of SAM."""
    images = {"InferenceImage": "registry/inference@sha256:0", "WebhooksImage": "registry/webhooks@sha256:0"}
    whole = Translator({}, Parser()).translate(yaml_parse(template.read_text()), images | values)
    found: dict[str, Resource] = whole["Resources"]
    return found


def of_type(found: dict[str, Resource], kind: str) -> dict[str, dict[str, Any]]:
    """Choose the properties of all resources of a type."""
    return {name: entry["Properties"] for name, entry in found.items() if entry["Type"] == kind}


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    """List what a role may do."""
    return [entry for policy in role["Policies"] for entry in policy["PolicyDocument"]["Statement"]]


def granted(template: Path, role: str) -> set[str]:
    """List the actions that a role may call."""
    found = of_type(resources(template), "AWS::IAM::Role")[role]
    return {action for entry in statements(found) for action in words(entry["Action"])}


def words(value: str | list[Any]) -> list[Any]:
    """Make a list of what may be one or several."""
    return value if isinstance(value, list) else [value]
