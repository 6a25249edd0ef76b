"""The worker as a Lambda function: answers the messages of an SQS queue, a batch at an invocation.

A message that was not answered is reported as failed, and handed in again after a while that grows. When its attempts
are spent there is one apology, and SQS moves it to the dead-letter queue.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from bot.attempt import Tidying
from bot.errors import GiveUp, TryAgain
from bot.settings import BotSettings
from common import aws, logs
from common.invocations import Context, invoked, is_warming
from common.metrics import publish
from common.settings import SettingsError, read_settings
from webhooks import attempts
from webhooks.aws.albums import Albums
from webhooks.aws.claims import Claims, InWork
from webhooks.aws.opening import claims_table, queue_url
from webhooks.aws.queue_messages import Gather, QueueMessage, Unreadable, Wake, read
from webhooks.aws.sqs import Queue
from webhooks.inbox import Event, InboxError
from webhooks.metrics import METRICS
from webhooks.worker import Worker, worker

log = logging.getLogger(__name__)

T = TypeVar("T")

MARGIN = 2.0  # seconds of an invocation that are kept for taking note of how an attempt went
LAST_WAIT = 1.0  # seconds until a message is a dead letter
APOLOGY_TIME = 15.0  # seconds that an apology may take, and its wait for its turn at the platform


class Batches:
    """A Lambda handler (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html)."""

    def __init__(self, settings: BotSettings, queue: Queue, claims: Claims, albums: Albums) -> None:
        self._attempts = settings.attempts
        self._queue, self._claims, self._albums = queue, claims, albums
        # One loop for the life of the process: the connections of the platforms' clients belong to it.
        self._loop = asyncio.new_event_loop()
        # Never closed: Lambda ends a process without a word.
        self._opened = worker(settings)
        self._worker: Worker = self._loop.run_until_complete(self._opened.__aenter__())

    def __call__(self, event: Mapping[str, Any], context: Context) -> dict[str, Any]:
        """Answer a batch; returns which messages are to be handed in again."""
        invoked()
        if is_warming(event):
            return {"warm": True}
        self._claims.invoked(context)
        failed = [record["messageId"] for record in event["Records"] if not self._settled(record, context)]
        return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}

    def _settled(self, record: Mapping[str, Any], context: Context) -> bool:
        """Answer a message; whether it can be deleted."""
        receipt, number = record["receiptHandle"], int(record["attributes"]["ApproximateReceiveCount"])
        try:
            message = read(record["body"])
        except Unreadable as error:
            log.error("not a message of ours", extra={"message_id": record["messageId"], "reason": str(error)})  # noqa: TRY400 (nothing to trace)
            self._postpone(receipt, LAST_WAIT)
            return False
        sent = int(record["attributes"]["SentTimestamp"]) / 1000
        log.info("taken", extra={"request_id": message.id, "attempt": number, "seconds": _since(sent)})
        if isinstance(message, Wake):
            self._run(self._worker.warmed())
            return True
        # One time more than there are attempts: whatever killed the process each time is not tried again.
        work = self._attempt if number <= self._attempts else _not_again
        try:
            left: list[Tidying] = []
            self._claims.once(
                f"{type(message).__name__} {message.id}",
                lambda: left.extend(work(message, number, sent, _seconds(context))),
            )
            self._run(attempts.tidy(left, message.id))
        except Exception as error:  # noqa: BLE001 (whatever it is, the other messages are none the worse for it)
            reason, sentence = attempts.sentence_of(error)
            log.warning("handed in again", extra={"request_id": message.id, "attempt": number, "reason": reason})
            # A message gets to the dead-letter queue only by being received so often: one that is given up hurries.
            last = number >= self._attempts or isinstance(error, GiveUp)
            if last and not isinstance(error, InWork):
                self._give_up(message, sentence, _seconds(context), again=number <= self._attempts)
            self._postpone(receipt, LAST_WAIT if last else attempts.wait_after(error, number))
            return False
        return True

    def _events(self, message: QueueMessage) -> list[Event]:
        """Find the events that are to be answered together."""
        if isinstance(message, Gather):
            return self._albums.take(message)
        return [message] if isinstance(message, Event) else []

    def _attempt(self, message: QueueMessage, number: int, sent: float, seconds: float) -> list[Tidying]:
        events = self._events(message)
        if not events:
            return []
        left = self._run(attempts.answer(self._worker, events, number, seconds))
        log.info("answered", extra={"request_id": message.id, "platform": events[0].platform, "seconds": _since(sent)})
        if isinstance(message, Gather):
            try:
                self._albums.answered(message)
            except InboxError as error:
                # The table forgets them in a day.
                log.warning("an album is not forgotten", extra={"request_id": message.id, "reason": str(error)})
        return left

    def _postpone(self, receipt: str, seconds: float) -> None:
        try:
            self._queue.postpone(receipt, seconds)
        except InboxError as error:
            # It comes back when the queue's own time for it is over.
            log.warning("not postponed", extra={"reason": str(error)})

    def _give_up(self, message: QueueMessage, sentence: str, seconds: float, *, again: bool) -> None:
        def apologise() -> None:
            if again and seconds < APOLOGY_TIME:
                # The attempt used the time up: nothing is claimed, and the one delivery more has time for it.
                raise TryAgain("no time is left")
            log.error("left to the dead-letter queue", extra={"request_id": message.id})
            if events := self._events(message):
                left = self._run(attempts.apologise(self._worker, events, sentence, 1, seconds))
                self._run(attempts.tidy(left, message.id))

        try:
            self._claims.once(f"apology {message.id}", apologise)
        except Exception as error:  # noqa: BLE001 (the photo is safe in the dead-letter queue)
            reason, _ = attempts.sentence_of(error)
            log.warning("no apology yet", extra={"request_id": message.id, "reason": reason})

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        async def whole() -> T:
            try:
                return await work
            finally:
                # What still runs when an invocation ends lies frozen until the next one.
                await self._worker.rest()

        return self._loop.run_until_complete(whole())


def _not_again(message: QueueMessage, number: int, sent: float, seconds: float) -> list[Tidying]:  # noqa: ARG001 (in the place of an attempt)
    raise TryAgain("no attempt came to its end")


def _since(sent: float) -> float:
    """Seconds since the front door put something into the queue; the two clocks may differ a little."""
    return round(max(0.0, time.time() - sent), 3)


def _seconds(context: Context) -> float:
    return min(context.get_remaining_time_in_millis() / 1000 - MARGIN, attempts.TIMEOUT)


def open_batches() -> Batches:
    """Build the handler, in Lambda's init: settings and secrets are read here. Raises SettingsError."""
    import boto3
    from botocore.config import Config

    settings = read_settings(BotSettings)
    logs.configure(secrets=settings.secrets)
    publish(METRICS)
    url, table = queue_url(settings), claims_table(settings)
    if settings.slack_bot_token is None and settings.telegram_bot_token is None:
        raise SettingsError(
            "SLACK_BOT_TOKEN and TELEGRAM_BOT_TOKEN are missing: set one of them, or name it with "
            "SLACK_BOT_TOKEN_PARAMETER, SLACK_BOT_TOKEN_SECRET, or those of Telegram."
        )
    patience = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 3})
    dynamodb = boto3.client("dynamodb", region_name=aws.region(), config=patience)
    return Batches(settings, Queue(url), Claims(table, dynamodb), Albums(table))
