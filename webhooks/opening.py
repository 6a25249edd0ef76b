"""Which inbox INBOX_URL names: the one on AWS or the one on a machine of one's own."""

from bot.settings import BotSettings
from common.settings import SettingsError
from webhooks.inbox import Inbox, is_queue


def open_inbox(settings: BotSettings) -> Inbox:
    """Open what INBOX_URL names: an SQS queue by its URL, or a table of SQLite or Postgres. Raises SettingsError."""
    url = settings.inbox_url.reveal()
    if is_queue(url):
        from webhooks.aws.albums import Albums
        from webhooks.aws.sqs import Queue, QueueInbox

        return QueueInbox(Queue(url), Albums(claims_table(settings)), settings.album_quiet)
    from webhooks.local.address import check_form
    from webhooks.local.mailbox import Mailbox

    check_form(url)
    return Mailbox(url)


def claims_table(settings: BotSettings) -> str:
    """Name the table that goes with a queue. Raises SettingsError."""
    if settings.claims_table is None:
        raise SettingsError("CLAIMS_TABLE is missing: with a queue of SQS, set it to the DynamoDB table's name.")
    return settings.claims_table
