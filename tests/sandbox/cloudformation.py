"""What CloudFormation does and moto's does not; `install` teaches it to moto, in the process of its server.

Templates of SAM are translated before anything is made of them. A stack that a change set made has outputs. A stack
whose creation failed is ROLLBACK_COMPLETE: it can be deleted, and nothing else. Function URLs, aliases and
versions exist.
"""

# ruff: noqa: ANN401 (moto's signatures)

import json
import re
from abc import abstractmethod
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend
from moto.core.common_models import CloudFormationModel
from moto.ecr.models import ecr_backends
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

SAM = "AWS::Serverless-2016-10-31"
IMAGE = re.compile(r"\d{12}\.dkr\.ecr\.[\w-]+\.amazonaws\.com/([^@]+)@(sha256:\w+)")
DEAD = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED")

create_change_set = CloudFormationBackend.create_change_set
execute_change_set = CloudFormationBackend.execute_change_set
get_template = CloudFormationBackend.get_template


def install() -> None:
    """Teach it to moto."""
    backend: Any = CloudFormationBackend
    backend.create_change_set = _create_change_set
    backend.execute_change_set = _execute_change_set
    backend.get_template = _get_template
    models: Any = parsing.get_model_map()
    models |= {model.cloudformation_type(): model for model in (Alias, Url, Version)}


def _create_change_set(self: Any, stack_name: str, change_set_name: str, template: str, **more: Any) -> Any:
    for stack in self.stacks.values():
        if stack.name == stack_name and stack.status in DEAD:
            sentence = f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
            raise ValidationError(message=sentence)
    translated = _translated(template, more["parameters"])
    made = create_change_set(self, stack_name, change_set_name, translated, **more)
    self.change_sets[made[0]].original = template
    return made


def _translated(template: str, parameters: dict[str, str]) -> str:
    whole = yaml_parse(template)
    if whole.get("Transform") != SAM:
        return template
    missing = [name for name, entry in whole["Parameters"].items() if "Default" not in entry and name not in parameters]
    if missing:
        raise ValidationError(message=f"Parameters: {missing} must have values")
    return json.dumps(Translator({}, Parser()).translate(whole, parameters))


def _execute_change_set(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
    [change_set] = [
        entry for entry in self.change_sets.values() if change_set_name in (entry.change_set_id, entry.change_set_name)
    ]
    stack = self.stacks[change_set.stack_id]
    try:
        _look_for_images(self, change_set.parameters)
        execute_change_set(self, change_set_name, stack_name)
    except Exception as error:
        if change_set.change_set_type != "CREATE":
            raise
        # The names of the resources are free again.
        stack.resource_map.delete()
        stack.resource_map = stack._create_resource_map()
        stack._add_stack_event("CREATE_FAILED", resource_status_reason=str(error))
        stack._add_stack_event("ROLLBACK_COMPLETE")
        stack.status = "ROLLBACK_COMPLETE"
        return
    stack._parse_template()
    stack.output_map = stack._create_output_map()
    stack.original = change_set.original


def _look_for_images(self: Any, parameters: dict[str, str]) -> None:
    """Refuse what Lambda would refuse; moto looks for images as well, but not under names with a "/"."""
    repositories = ecr_backends[self.account_id][self.region_name].repositories
    for value in parameters.values():
        if found := IMAGE.fullmatch(value):
            repository = repositories.get(found[1])
            if repository is None or found[2] not in [image.image_digest for image in repository.images]:
                raise ValidationError(message=f"Source image {value} does not exist. Provide a valid source image.")


def _get_template(self: Any, name_or_stack_id: str) -> Any:
    stack = self.get_stack(name_or_stack_id)
    return getattr(stack, "original", None) or get_template(self, name_or_stack_id)


class Made(CloudFormationModel):
    """A resource of Lambda's: `ref` is what `Ref` gives, `value` its attribute `ATTRIBUTE`."""

    KIND, ATTRIBUTE = "", ""

    def __init__(self, ref: str, value: str = "") -> None:
        self.physical_resource_id = ref
        self.value = value

    @classmethod
    @abstractmethod
    def make(cls, name: str, properties: dict[str, Any], backend: Any) -> "Made":
        """Make it in moto's backend of Lambda."""

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.KIND

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == cls.ATTRIBUTE

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return self.value

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> "Made":
        return cls.make(resource_name, cloudformation_json["Properties"], lambda_backends[account_id][region_name])

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: Any, new_resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> "Made":
        backend = lambda_backends[account_id][region_name]
        return cls.make(new_resource_name, cloudformation_json["Properties"], backend)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        """It goes with its function."""


class Url(Made):
    KIND, ATTRIBUTE = "AWS::Lambda::Url", "FunctionUrl"

    @classmethod
    def make(cls, name: str, properties: dict[str, Any], backend: Any) -> Made:
        host = name.lower().replace("-", "")[-32:]
        return cls(properties["TargetFunctionArn"], f"https://{host}.lambda-url.{backend.region_name}.on.aws/")


class Version(Made):
    """moto's own has no number."""

    KIND, ATTRIBUTE = "AWS::Lambda::Version", "Version"

    @classmethod
    def make(cls, name: str, properties: dict[str, Any], backend: Any) -> Made:
        published = backend.publish_version(properties["FunctionName"])
        return cls(published.function_arn, str(published.version))


class Alias(Made):
    KIND = "AWS::Lambda::Alias"

    @classmethod
    def make(cls, name: str, properties: dict[str, Any], backend: Any) -> Made:
        named = properties["Name"], properties["FunctionName"]
        # Made anew, it is updated.
        backend.delete_alias(*named)
        alias = backend.create_alias(*named, properties["FunctionVersion"], description="", routing_config=None)
        return cls(alias.arn)
