"""The whole bot on one machine: what the compose file starts exists, and is shut in."""

from typing import Any

import click
import pytest
import yaml

from bot.settings import BotSettings
from cli.main import main
from tests.docker.templates import ROOT

FILE = ROOT / "docker" / "compose.yaml"
EVERYTHING: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text())["services"]
# Prometheus and Grafana are images of others, and tested beside their files.
OURS = "${CAPTIONBOT_IMAGE:-captionbot}"
SERVICES = {name: service for name, service in EVERYTHING.items() if service["image"] == OURS}

services = pytest.mark.parametrize("name", SERVICES)


@services
def test_a_service_runs_a_command_of_ours(name: str) -> None:
    command, *arguments = SERVICES[name]["command"]
    found = main.get_command(click.Context(main), command)
    assert found is not None
    found.make_context(command, list(arguments))
    check = SERVICES[name]["healthcheck"]["test"][1:]
    if check[0] == "captionbot":
        found = main.get_command(click.Context(main), check[1])
        assert isinstance(found, click.Group)
        assert check[2] in found.commands


@services
def test_a_service_can_change_nothing_but_its_volumes(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]
    assert "user" not in service  # the image's, which is not root
    assert "\nUSER 10001:10001\n" in (ROOT / "docker/bot.Dockerfile").read_text()


@services
def test_a_service_listens_to_everybody_inside_and_to_this_machine_outside(name: str) -> None:
    service = SERVICES[name]
    for port in service.get("ports", []):
        address, outside, inside = port.split(":")
        assert address == "127.0.0.1"
        assert outside == inside == service["command"][-1]
        assert "0.0.0.0" in service["command"]
        assert f":{inside}/" in service["healthcheck"]["test"][-1]


@services
def test_every_variable_is_a_setting(name: str) -> None:
    # HOME: where libraries may keep what they like, on a root that cannot be written.
    assert {variable.lower() for variable in SERVICES[name]["environment"]} - {"home"} <= set(BotSettings.types())


@services
def test_a_service_has_time_to_end_what_it_has_in_hand(name: str) -> None:
    assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) >= BotSettings().stop_patience + 5


def test_front_door_and_worker_share_the_inbox() -> None:
    door, worker = SERVICES["door"], SERVICES["worker"]
    assert door["environment"]["INBOX_URL"] == worker["environment"]["INBOX_URL"]
    [volume] = door["volumes"]
    assert worker["volumes"] == [volume]
    assert worker["environment"]["INBOX_URL"].startswith(f"sqlite:///{volume.partition(':')[2]}/")
