"""What the settings name on AWS: the queue, and the table that goes with it."""

from bot.settings import BotSettings
from common.settings import SettingsError
from webhooks.aws.albums import Albums
from webhooks.aws.sqs import Queue, QueueInbox
from webhooks.inbox import is_queue


def open_queue(settings: BotSettings) -> QueueInbox:
    """Open the inbox that front doors hand over to. Raises SettingsError."""
    return QueueInbox(Queue(queue_url(settings)), Albums(claims_table(settings)), settings.album_quiet)


def queue_url(settings: BotSettings) -> str:
    """Read the queue's URL. Raises SettingsError."""
    url = settings.inbox_url.reveal()
    if not is_queue(url):
        raise SettingsError("INBOX_URL names no queue: set it to the URL of the SQS queue that the worker empties.")
    return url


def claims_table(settings: BotSettings) -> str:
    """Name the table that goes with the queue. Raises SettingsError."""
    if settings.claims_table is None:
        raise SettingsError("CLAIMS_TABLE is missing: with a queue of SQS, set it to the DynamoDB table's name.")
    return settings.claims_table
