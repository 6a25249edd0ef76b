"""`captionbot`: the command line. A command's module is imported only when it is called or its help is shown."""

import importlib
from typing import ClassVar

import click

from common.installation import remedy, version


class WrongSetting(click.ClickException):
    """A setting is missing or wrong: a line for each that is, and the exit code of wrong usage."""

    exit_code = 2


class _Commands(click.Group):
    """The commands by name, each with the module that holds it as `command`, and the extras that it needs."""

    table: ClassVar[dict[str, tuple[str, str]]] = {
        "caption": ("cli.caption", "inference"),
        "serve": ("cli.serve", "inference"),
        "export": ("cli.export", "inference,torch"),
        "models": ("cli.models", "inference"),
        "web": ("cli.web", "web"),
        "run": ("cli.run", "bot,webhooks"),
        "webhooks": ("cli.webhooks", "bot,webhooks"),
        "demo": ("cli.demo", "inference,bot,web,webhooks"),
        "init": ("cli.init.command", "bot"),
        "doctor": ("cli.doctor.command", "bot,webhooks"),
        "inbox": ("cli.inbox", "bot,webhooks"),
        "telegram": ("cli.telegram", "bot"),
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
        """Run a command. A package that is not installed, or a setting that is wrong, is told in a sentence."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as missing:
            command = ctx.invoked_subcommand
            if command is None:  # its own module could not be imported, which only needs what is always installed
                raise
            raise click.ClickException(
                f"`captionbot {command}` needs {missing.name}: {remedy(self.table[command][1])}"
            ) from None
        except Exception as error:
            # Imported here, for whoever only asks for help.
            from common.logs import blotted
            from common.settings import SettingsError

            if isinstance(error, SettingsError):
                raise WrongSetting(blotted(str(error))) from None
            if type(error) is click.ClickException:
                # An address in it may hold a password.
                raise click.ClickException(blotted(error.message)) from None
            raise


def _tell_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"captionbot {version()}")
        ctx.exit()


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_tell_version,
    help="Show version and commit.",
)
def main() -> None:
    """Send a photo in Slack or Telegram; the thread answers with a caption.

    Settings come from the environment, or from a file `.env` in this folder.
    """
