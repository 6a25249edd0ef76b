"""`captionbot doctor`, a wrong model and a wrong endpoint."""

from tests.cli.doctor.conftest import STAND_IN, Machine
from tests.sandbox.endpoint import Failure


def test_a_model_folder_that_is_no_model_is_told(machine: Machine) -> None:
    machine.environment["CAPTION_MODEL"] = str(machine.folder)
    status, findings = machine.json()
    assert status == 1
    assert "CAPTION_MODEL=starter" in findings["model"]["remedy"]


def test_an_altered_model_file_is_told(machine: Machine) -> None:
    from inference.loading import STARTER

    folder = machine.folder / "model"
    folder.mkdir()
    for file in STARTER.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    with (folder / "decoder.onnx").open("r+b") as decoder:
        decoder.seek(1000)
        decoder.write(b"\0\1\2\3")
    machine.environment["CAPTION_MODEL"] = str(folder)
    status, findings = machine.json()
    assert status == 1
    assert "decoder.onnx is truncated or altered" in findings["model"]["text"]


def test_an_endpoint_that_is_down_has_a_command_that_starts_it(machine: Machine) -> None:
    machine.environment["INFERENCE_URL"] = STAND_IN
    status, findings = machine.json()
    assert status == 1
    assert f"{STAND_IN} cannot be reached" in findings["ping"]["text"]
    assert "captionbot serve" in findings["ping"]["remedy"]
    assert findings["bot token"]["status"] == "ok"


def test_another_program_at_the_endpoints_address_is_told_apart(machine: Machine) -> None:
    machine.environment["INFERENCE_URL"] = machine.slack.files_url
    _, findings = machine.json()
    assert "not as captionbot's endpoint does" in findings["ping"]["text"]


def test_an_address_that_is_none_is_told(machine: Machine) -> None:
    machine.environment["INFERENCE_URL"] = "http://[oops"
    status, findings = machine.json()
    assert status == 1
    assert "INFERENCE_URL should be a URL" in findings["settings"]["text"]


def test_an_endpoint_that_does_not_let_this_role_in_is_told_with_the_permissions(machine: Machine) -> None:
    machine.endpoint.forbidden = True
    status, findings = machine.json()
    assert status == 1
    assert "lambda:InvokeFunctionUrl" in findings["ping"]["remedy"]


def test_calls_that_cannot_be_signed_are_told(machine: Machine) -> None:
    machine.environment |= {"INFERENCE_AUTH": "iam", "AWS_REGION": "eu-central-1", "AWS_EC2_METADATA_DISABLED": "true"}
    machine.environment["HOME"] = str(machine.folder)  # where no AWS profile is
    status, findings = machine.json()
    assert status == 1
    assert "have to be signed" in findings["endpoint"]["text"]


def test_an_endpoint_that_wants_another_key_is_told(machine: Machine) -> None:
    machine.endpoint.failures.append(Failure(401, "unauthorized"))
    status, findings = machine.json()
    assert status == 1
    assert "INFERENCE_API_KEY" in findings["caption"]["remedy"]
