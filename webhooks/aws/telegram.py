"""Telegram's front door as a Lambda function: `webhooks.aws.telegram.handler`."""

from webhooks.aws.function import open_door
from webhooks.telegram import Telegram

handler = open_door("TELEGRAM_WEBHOOK_SECRET", Telegram)
