"""Which inbox INBOX_URL names: the one on AWS or the one on a machine of one's own."""

from bot.settings import BotSettings
from webhooks.inbox import Inbox, is_queue


def open_inbox(settings: BotSettings) -> Inbox:
    """Open what INBOX_URL names: an SQS queue by its URL, or a table of SQLite or Postgres. Raises SettingsError."""
    url = settings.inbox_url.reveal()
    if is_queue(url):
        from webhooks.aws.opening import open_queue

        return open_queue(settings)
    from webhooks.local.address import check_form
    from webhooks.local.mailbox import Mailbox

    check_form(url)
    return Mailbox(url)
