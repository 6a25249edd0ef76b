"""What the README and its pages tell one to type is run, where the sandbox stands in for the rest of the world."""

import configparser
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import playwright
import pytest

from cli.main import main
from tests.cli.terminal import terminal
from tests.ports import free_port
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.telegram import TelegramSandbox

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
# A block may belong to a step of a list.
BLOCKS = re.findall(r"^ *```(\w+)\n(.*?)^ *```$", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line.partition("  #")[0].strip() for language, text in BLOCKS if language == "sh" for line in text.splitlines()
]
ACTIVATE = "source .venv/bin/activate"
PORT = re.compile(r"--port (\d+)")
# These set up a whole machine, an account at AWS or this very run of the tests: they have tests of their own, and here
# the tool that reads them says whether they can be read.
ONLY_PARSED = ("docker ", "docker/", "sam ", "aws ", "gh ", "pipx ", "PARAMETERS=")


def blocks(language: str) -> list[str]:
    return [text for found, text in BLOCKS if found == language]


@dataclass
class Reader:
    """A folder with a photo and an activated environment, as the README's reader has it; ports are free ones."""

    folder: Path
    environment: dict[str, str]
    ports: dict[str, str] = field(default_factory=lambda: {port: str(free_port()) for port in ("8000", "8080", "8501")})
    servers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def moved(self, text: str) -> str:
        for port, here in self.ports.items():
            text = re.sub(rf"\b{port}\b", here, text)
        return text

    def run(self, command: str) -> str:
        done = subprocess.run(
            ["bash", "-euc", f"{ACTIVATE}\n{self.moved(command)}"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout or done.stderr  # where the result is a file, what is said of it

    def serve(self, command: str) -> None:
        """Start a command that goes on, and wait until its port is open."""
        found = PORT.search(command)
        assert found, f"{command} names no port to wait for"
        with (self.folder / "server.log").open("ab") as log:
            server = subprocess.Popen(
                ["bash", "-euc", f"{ACTIVATE}\nexec {self.moved(command)}"],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        self.servers.append(server)
        end = time.monotonic() + 240
        while not _is_open(int(self.ports[found[1]])):
            assert server.poll() is None, (self.folder / "server.log").read_text()
            assert time.monotonic() < end, (self.folder / "server.log").read_text()
            time.sleep(0.1)

    def stop(self) -> None:
        for server in self.servers:
            server.terminate()
        for server in self.servers:
            server.wait(60)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("reader")
    (folder / ".venv").symlink_to(sys.prefix)
    shutil.copy(ROOT / "common" / "samples" / "cat.jpg", folder / "photo.jpg")
    with SlackSandbox() as slack, TelegramSandbox() as telegram:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        here = Reader(folder, {**kept, **slack.environment, **telegram.environment})
        here.environment["INFERENCE_URL"] = here.moved("http://127.0.0.1:8000")
        try:
            here.serve(next(command for command in COMMANDS if command.startswith("captionbot serve")))
            yield here
        finally:
            here.stop()


@pytest.mark.parametrize("command", [command for command in COMMANDS if command])
def test_a_command_does_what_it_is_there_for(reader: Reader, command: str) -> None:
    if command.startswith("make "):
        # `make test` is what runs this; the demo's command is run in tests/cli/test_demo.py.
        assert subprocess.run(["make", "--dry-run", *command.split()[1:]], cwd=ROOT, check=False).returncode == 0
    elif command.startswith(ONLY_PARSED):
        subprocess.run(["bash", "-n", "-c", command], check=True)
    elif command.startswith("captionbot serve"):
        assert reader.servers[0].poll() is None  # all the others rely on it
    elif PORT.search(command):
        reader.serve(command)
    elif command == "captionbot init":
        with terminal(reader.folder, reader.environment, "init") as person:  # its own tests go on from here
            person.wait_for("public https address?")
            person.interrupt()
            assert person.end() == 1
    else:
        said = reader.run(command)
        assert said.strip() or command == ACTIVATE
        assert '"status":"error"' not in said


def test_curl_python_and_javascript_get_the_same_caption(reader: Reader) -> None:
    curl = next(command for command in COMMANDS if command.startswith("curl"))
    caption = json.loads(reader.run(curl))["caption"]
    (python,) = blocks("python")
    (reader.folder / "snippet.py").write_text(reader.moved(python))
    assert reader.run("python snippet.py").strip() == caption
    (javascript,) = blocks("javascript")
    (reader.folder / "snippet.mjs").write_text(reader.moved(javascript))
    assert reader.run(f"'{_node()}' snippet.mjs").strip() == caption


def test_the_systemd_unit_is_one(tmp_path: Path) -> None:
    (text,) = blocks("ini")
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # (configparser's documented way)
    unit.read_string(text)
    command = unit["Service"]["ExecStart"].split()
    assert command[0].endswith("/.venv/bin/captionbot") and command[1] in main.list_commands(click.Context(main))
    if shutil.which("systemd-analyze"):  # on every Linux that could use the unit; a Mac has none
        (tmp_path / "captionbot.service").write_text(text.replace("/opt/captionbot/.venv", sys.prefix))
        checked = subprocess.run(
            ["systemd-analyze", "verify", "captionbot.service"], cwd=tmp_path, capture_output=True, text=True
        )
        assert (checked.returncode, checked.stderr) == (0, "")


def test_every_block_has_a_test() -> None:
    assert {language for language, _ in BLOCKS} <= {"sh", "python", "javascript", "ini", "html"}


@pytest.mark.parametrize("words", sorted(set(re.findall(r"`captionbot ([a-z][^`]*)`", TEXT.replace("\n", " ")))))
def test_a_command_in_a_sentence_exists(words: str) -> None:
    context = click.Context(main)
    group: click.Group = main
    for word in words.split():
        found = group.get_command(context, word)
        assert found is not None, word
        if not isinstance(found, click.Group):
            return
        group = found


@pytest.mark.parametrize(
    "path", [*PAGES, *ROOT.glob("[CS]*.md"), *ROOT.glob("inference/starter/*.md")], ids=lambda path: path.name
)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        file, _, heading = target.partition("#")
        found = path.parent / file if file else path
        assert found.exists(), target
        assert not heading or heading in _anchors(found), target


def test_what_contributors_are_told_to_run_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for block in re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            command = line.partition("#")[0].strip()
            if command.startswith("make "):  # they lint, build and test everything: too much to run here
                checked = subprocess.run(["make", "--dry-run", *command.split()[1:]], cwd=ROOT, capture_output=True)
            else:
                assert " -m pytest " in command
                python = command.replace(".venv/bin/python", f"'{sys.executable}'")
                checked = subprocess.run(["bash", "-c", f"{python} --collect-only"], cwd=ROOT, capture_output=True)
            assert checked.returncode == 0, command


def test_the_tables_of_settings_are_what_the_classes_say() -> None:
    checked = subprocess.run([sys.executable, "-m", "docs.settings", "--check"], cwd=ROOT, check=False)
    assert checked.returncode == 0, "run: .venv/bin/python -m docs.settings"


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _anchors(document: Path) -> list[str]:
    """The names that GitHub gives to a document's headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]


def _node() -> str:
    """The machine's node, or the one that Playwright brings along."""
    return shutil.which("node") or str(Path(playwright.__path__[0]) / "driver" / "node")
