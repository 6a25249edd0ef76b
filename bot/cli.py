"""`captionbot`: the command line. A command's module is imported only when it is called or its help is shown."""

import importlib
from typing import ClassVar

import click


class _Commands(click.Group):
    """The commands by name, each with the module that holds it as `command`."""

    modules: ClassVar[dict[str, str]] = {
        "caption": "bot.commands.caption",
        "serve": "bot.commands.serve",
        "export": "bot.commands.export",
        "web": "bot.commands.web",
        "run": "bot.commands.run",
        "webhooks": "bot.commands.webhooks",
        "demo": "bot.commands.demo",
        "init": "bot.commands.init",
        "doctor": "bot.commands.doctor",
        "inbox": "bot.commands.inbox",
        "telegram": "bot.commands.telegram",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (the signature is click's)
        """In the order of the table: what one tries first stands first."""
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's signature)
        """Import a command."""
        if cmd_name not in self.modules:
            return None
        found: click.Command = importlib.import_module(self.modules[cmd_name]).command
        return found


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="captionbot")
def main() -> None:
    """Send a photo in Slack or Telegram; the thread answers with a caption.

    Settings come from the environment, or from a file `.env` in this folder.
    """
