"""`captionbot demo`: the whole bot on this machine, with a Slack and a Telegram that live here too."""

import os
import signal
import sys
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from cli.processes import Processes
from cli.stages import breakdown
from common import samples

ROOT = Path(__file__).parents[1]
START = "from cli.main import main; main()"
PATIENCE = 120.0  # seconds, for a model that loads on a busy machine


@click.command(name="demo")
@click.option("--stay/--once", default=None, help="Stay up after the first round, as at a terminal, or stop.")
def command(stay: bool | None) -> None:
    """Show the bot at work: in the browser, over HTTP, in a Slack thread, with a Telegram album. No account needed."""
    if not (ROOT / "tests" / "sandbox").is_dir():
        raise click.ClickException("The demo's Slack and Telegram come with the repository: run it in a clone of it.")
    photos = sorted(samples.FOLDER.glob("*.jpg"))[:4]
    if len(photos) < 2:
        raise click.ClickException(f"There are no sample photos in {samples.FOLDER}.")
    # Whoever stops it, and however: what it started must end with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with TemporaryDirectory(prefix="captionbot-") as folder, Processes(ROOT, Path(folder)) as processes:
        demo = Demo(processes, Path(folder))
        demo.start()
        demo.over_http(photos[0])
        demo.in_slack(photos[1])
        demo.in_telegram(photos[-3:])
        if stay if stay is not None else sys.stdin.isatty():
            demo.in_the_browser()
            demo.stay(photos[0])
        else:
            click.echo(
                "That was one round; everything is stopped again. To keep it up, with a chat in the browser to drop"
            )
            click.echo("your own photos into, run it at a terminal, or: make demo DEMO=--stay")


class Demo:
    """The machine's parts and what a person does with them."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        import httpx

        self._processes = processes
        self._folder = folder
        self._http = httpx.Client(timeout=PATIENCE, trust_env=False)
        slack, _, _, telegram, _, inference, door, web = processes.claim_ports(8)
        self._ports = {"slack": slack, "telegram": telegram, "inference": inference, "door": door, "web": web}
        self.inference = f"http://127.0.0.1:{inference}"
        self.slack = f"http://127.0.0.1:{slack + 1}/sandbox"
        self.telegram = f"http://127.0.0.1:{telegram + 1}/sandbox"
        self.web = f"http://127.0.0.1:{web}"
        self._worker_log = folder / "webhooks.log"

    def start(self) -> None:
        """Start everything and wait until the model is there."""
        ports, door = self._ports, f"http://127.0.0.1:{self._ports['door']}"
        click.echo("Starting inference, front door, worker, web chat, and a Slack and a Telegram of our own …")
        start = time.monotonic()
        self._processes.start("inference", "-c", START, "serve", "--port", str(ports["inference"]))
        hook = f"{door}/slack/events"
        slack = self._processes.start_and_hear(
            "slack", "-m", "tests.sandbox.slack", "--port", str(ports["slack"]), "--request-url", hook
        )
        hook = f"{door}/telegram/webhook"
        telegram = self._processes.start_and_hear(
            "telegram", "-m", "tests.sandbox.telegram", "--port", str(ports["telegram"]), "--webhook", hook
        )
        self._processes.environment |= {**slack, **telegram}
        self._processes.environment |= {
            "INFERENCE_URL": self.inference,
            "INBOX_URL": f"sqlite:///{self._folder / 'inbox.sqlite'}",
            "SANDBOX_SLACK": self.slack,
            "SANDBOX_TELEGRAM": self.telegram,
        }
        self._processes.start("webhooks", "-c", START, "webhooks", "--port", str(ports["door"]))
        self._processes.start("web", "-m", "tests.sandbox.web", "--port", str(ports["web"]))
        self._await("the model to load", lambda: self._is_up(f"{self.inference}/ping", ready=True))
        self._await("the front door", lambda: self._is_up(f"{door}/"))
        self._await("the web chat", lambda: self._is_up(self.web))
        click.echo(f"All is up after {time.monotonic() - start:.1f} s.\n")

    def over_http(self, photo: Path) -> None:
        """POST a photo to the endpoint."""
        click.secho(f"HTTP: POST /caption with {photo.name}", bold=True)
        start = time.time()
        answer = self._http.post(f"{self.inference}/caption", files={"image": (photo.name, photo.read_bytes())})
        answer.raise_for_status()
        self._tell(answer.json()["caption"], start, answer.headers.get("Server-Timing", ""))

    def in_slack(self, photo: Path) -> None:
        """Upload a photo to a channel and wait for the reply in its thread."""
        click.secho(f"Slack: {photo.name} sent to #general", bold=True)
        start, mark = time.time(), self._log_length()
        sent = self._http.post(
            f"{self.slack}/upload", data={"channel": "C0GENERAL"}, files={"photo": (photo.name, photo.read_bytes())}
        ).json()

        def reply() -> Any:  # noqa: ANN401 (a piece of JSON)
            posted = self._http.get(f"{self.slack}/state").json()["posted"]
            return next((post["text"] for post in posted if post["thread_ts"] == sent["ts"]), None)

        self._tell_stages(self._await("a reply in the thread", reply), start, mark)

    def in_telegram(self, photos: list[Path]) -> None:
        """Send an album and wait for its one reply."""
        click.secho(f"Telegram: an album of {len(photos)} photos", bold=True)
        start, mark = time.time(), self._log_length()
        files = [("photo", (photo.name, photo.read_bytes())) for photo in photos]
        sent = self._http.post(f"{self.telegram}/photo", data={"chat": "Ada"}, files=files).json()

        def reply() -> Any:  # noqa: ANN401 (a piece of JSON)
            messages = self._http.get(f"{self.telegram}/messages").json()
            return next((said["text"] for said in messages if said["reply_to"] in sent["messages"]), None)

        self._tell_stages(self._await("a reply to the album", reply), start, mark)

    def in_the_browser(self) -> None:
        """Say where to look, and open it where somebody sits before a screen."""
        click.secho(f"In the browser: {self.web}", bold=True)
        click.echo(
            f"  A chat to drop your own photos into; the Slack thread on {self.web}/slack, the Telegram album on"
        )
        click.echo(f"  {self.web}/telegram.\n")
        if _somebody_looks():
            webbrowser.open(self.web)

    def stay(self, photo: Path) -> None:
        """Say what to try, and stay up until Ctrl-C."""
        click.secho("It stays up. In another terminal, you may also try:", bold=True)
        click.echo(f"  curl -F image=@{photo} {self.inference}/caption")
        click.echo(f"  curl -F channel=C0GENERAL -F photo=@{photo} {self.slack}/upload; curl {self.slack}/state")
        click.echo(f"  curl -F chat=Ada -F photo=@{photo} {self.telegram}/photo; curl {self.telegram}/messages")
        click.echo(f"  less {self._worker_log}   (what the bot logs)\nCtrl-C stops everything.")
        try:
            while self._processes.all_alive():
                time.sleep(0.5)
        except KeyboardInterrupt:
            click.echo("\nGood-bye.")

    def _tell(self, text: str, start: float, stages: str) -> None:
        click.echo("\n".join(f"  {line}" for line in text.splitlines()))
        click.echo(f"  ({time.time() - start:.2f} s in all; {stages})\n")

    def _tell_stages(self, text: str, start: float, mark: int) -> None:
        lines = self._worker_log.read_bytes()[mark:].decode().splitlines()
        self._tell(text, start, breakdown(lines, start, time.time()))

    def _log_length(self) -> int:
        return self._worker_log.stat().st_size

    def _is_up(self, url: str, *, ready: bool = False) -> bool:
        import httpx

        try:
            answer = self._http.get(url)
        except httpx.TransportError:
            return False
        return answer.is_success and (not ready or answer.json()["ready"] is True)

    def _await(self, what: str, look: Callable[[], Any]) -> Any:  # noqa: ANN401 (a piece of JSON)
        end = time.monotonic() + PATIENCE
        while not (seen := look()):
            self._processes.check()
            if time.monotonic() > end:
                raise click.ClickException(f"Waited {PATIENCE:.0f} s for {what}.\n{self._processes.last_words()}")
            time.sleep(0.05)
        return seen


def _somebody_looks() -> bool:
    """Whether a window that opens here would be seen."""
    if "CI" in os.environ or not sys.stdin.isatty():
        return False
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
