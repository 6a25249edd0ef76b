"""The Bot API without a framework, for what happens around the bot: polling, and setting a webhook."""

from typing import Any

import httpx

from bot import messages
from bot.settings import BotSettings
from common.settings import SettingsError


class ApiError(Exception):
    """Telegram refused: HTTP status, its description (no token in it), and the seconds it asks to wait, if it does."""

    def __init__(self, status: int, description: str, retry_after: float | None = None) -> None:
        super().__init__(f"{status}: {description}")
        self.status = status
        self.description = description
        self.retry_after = retry_after


class Unreachable(Exception):
    """Telegram's server gave no proper answer; the text says how, without the URL, for that holds the token."""


def menu() -> list[dict[str, str]]:
    """List the bot's commands as setMyCommands takes them."""
    return [{"command": command, "description": what} for command, what in messages.COMMAND_MENU.items()]


async def call(http: httpx.AsyncClient, settings: BotSettings, method: str, **arguments: object) -> Any:  # noqa: ANN401 (a piece of JSON)
    """Call a method of the Bot API; returns its result.

    Raises ApiError, Unreachable, or SettingsError when the token is missing or not Telegram's.
    """
    if settings.telegram_bot_token is None:
        raise SettingsError("TELEGRAM_BOT_TOKEN is not set: @BotFather on Telegram gives you one.")
    url = f"{settings.telegram_api_url}/bot{settings.telegram_bot_token.reveal()}/{method}"
    try:
        response = await http.post(url, json=arguments)
        answer = response.json()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable(type(error).__name__) from None
    except ValueError:
        raise Unreachable(f"an answer of status {response.status_code} that is no JSON") from None
    if not isinstance(answer, dict):
        raise Unreachable("an answer that is no JSON object")
    if answer.get("ok") is True:
        return answer.get("result")
    status = response.status_code
    # 404 is Telegram's word for a token that cannot be one.
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND):
        raise SettingsError("Telegram does not know TELEGRAM_BOT_TOKEN: copy it again from @BotFather.")
    parameters = answer.get("parameters")
    wait = parameters.get("retry_after") if isinstance(parameters, dict) else None
    raise ApiError(status, str(answer.get("description")), float(wait) if isinstance(wait, int) else None)
