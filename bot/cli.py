"""`captionbot`: the command line. A command's module is imported only when it is called or its help is shown."""

import importlib
from typing import ClassVar

import click


class _Commands(click.Group):
    """The commands by name, each with the module that holds it as `command`, and the extras that it needs."""

    table: ClassVar[dict[str, tuple[str, str]]] = {
        "caption": ("bot.commands.caption", "inference"),
        "serve": ("bot.commands.serve", "inference"),
        "export": ("bot.commands.export", "inference,torch"),
        "web": ("bot.commands.web", "web"),
        "run": ("bot.commands.run", "bot,webhooks"),
        "webhooks": ("bot.commands.webhooks", "bot,webhooks"),
        "demo": ("bot.commands.demo", "inference,bot,web,webhooks"),
        "init": ("bot.commands.init", "bot"),
        "doctor": ("bot.commands.doctor", "bot,webhooks"),
        "inbox": ("bot.commands.inbox", "bot,webhooks"),
        "telegram": ("bot.commands.telegram", "bot"),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (the signature is click's)
        """In the order of the table: what one tries first stands first."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's signature)
        """Import a command."""
        if cmd_name not in self.table:
            return None
        found: click.Command = importlib.import_module(self.table[cmd_name][0]).command
        return found

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; where a package is not installed, say which extra brings it."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as missing:
            command = ctx.invoked_subcommand
            if command is None:  # its own module could not be imported, which only needs what is always installed
                raise
            raise click.ClickException(
                f"`captionbot {command}` needs {missing.name}: pip install 'captionbot[{self.table[command][1]}]'"
            ) from None


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="captionbot")
def main() -> None:
    """Send a photo in Slack or Telegram; the thread answers with a caption.

    Settings come from the environment, or from a file `.env` in this folder.
    """
