"""The front door for a server that wants an application by its name: `webhooks.app:app`."""

from bot.settings import BotSettings
from common.settings import read_settings
from webhooks.front_door import create_app
from webhooks.opening import open_inbox

_settings = read_settings(BotSettings)
app = create_app(_settings, open_inbox(_settings))
