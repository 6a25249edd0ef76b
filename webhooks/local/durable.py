"""The way of a event from the mailbox to its reply, as durable workflows of DBOS (https://docs.dbos.dev).

DBOS claims, orders, retries, debounces and recovers. Its rows hold ids only: what a event says stays in the mailbox
and is deleted with the reply, while the ids are kept for a day, so that a redelivery finds its event answered.
"""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from dbos import DBOS, DBOSConfig, Debouncer, SetEnqueueOptions, SetWorkflowID
from dbos import error as dbos_error

from webhooks.attempts import FIRST_WAIT, GROWTH, sentence_of
from webhooks.inbox import DAY
from webhooks.local import slots
from webhooks.local.jobs import Jobs
from webhooks.local.mailbox import Mailbox, Waiting

log = logging.getLogger(__name__)

# Events wait by chat, one of a chat at a time; albums wait for their siblings.
EVENTS, ALBUMS = "events", "albums"
# To be changed with the workflows below: DBOS resumes a workflow only in the version that began it.
VERSION = "1"
POLL = 0.1  # seconds between two looks at a queue
ALBUM_TIMEOUT = 60.0  # seconds for which siblings may keep an album open
FORGET_AT_ONCE = 500  # workflows deleted in one transaction


class Durable:
    """DBOS, launched in the running event loop; one in a process, for DBOS is one in a process."""

    def __init__(self, url: str, mailbox: Mailbox, jobs: Jobs, *, at_once: int, attempts: int, quiet: float) -> None:
        """`at_once` jobs are in work here, each with so many `attempts`; `quiet` seconds complete an album."""
        self._url = url
        self._mailbox = mailbox
        self._jobs = jobs
        self._at_once = at_once
        self._attempts = attempts
        self._quiet = quiet
        self._locks = slots.slots(url)
        self._number = slots.first_free(self._locks)

    async def __aenter__(self) -> Self:
        config: DBOSConfig = {
            "name": "captionbot",
            "system_database_url": self._url,
            "application_version": VERSION,
            "executor_id": slots.executor(self._number),
            "log_level": "WARNING",
            "use_listen_notify": False,
        }
        DBOS(config=config)
        # Its lines go where all of ours go.
        logging.getLogger("dbos").handlers.clear()
        logging.getLogger("dbos").propagate = True
        self._register()
        DBOS.launch()
        await DBOS.register_queue_async(
            EVENTS, worker_concurrency=self._at_once, partition_concurrency=1, polling_interval_sec=POLL
        )
        await DBOS.register_queue_async(ALBUMS, polling_interval_sec=POLL)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # In a thread: it waits for workflows that need this loop.
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        self._locks.release(self._number)

    def _register(self) -> None:
        @DBOS.workflow(name="answer")
        async def answer(job: str) -> None:
            try:
                await DBOS.run_step_async(
                    {
                        "name": "attempt",
                        "retries_allowed": True,
                        "max_attempts": self._attempts,
                        "interval_seconds": FIRST_WAIT,
                        "backoff_rate": GROWTH,
                    },
                    self._jobs.attempt,
                    job,
                )
            except dbos_error.DBOSMaxStepRetriesExceeded as spent:
                await DBOS.run_step_async({"name": "give_up"}, self._jobs.give_up, job, *sentence_of(spent.errors[-1]))

        @DBOS.workflow(name="gather")
        async def gather(album: str, chat: str) -> None:
            job = str(DBOS.workflow_id)
            if await DBOS.run_step_async({"name": "gather"}, self._jobs.gather, album, job):
                await self._enqueue(job, chat, attempt=0)

        self._answer = answer
        self._album = Debouncer.create_async(gather, debounce_timeout_sec=ALBUM_TIMEOUT, queue=ALBUMS)

    async def dispatch(self, event: Waiting) -> None:
        """Start the workflow of a event, once however often it is called."""
        if event.job is not None:
            await self._enqueue(event.job, event.chat, event.attempt)
        elif event.album is not None:
            await self._album.debounce_async(event.album, self._quiet, event.album, event.chat)

    async def _enqueue(self, job: str, chat: str, attempt: int) -> None:
        with SetWorkflowID(f"{job}.{attempt}"), SetEnqueueOptions(queue_partition_key=chat):
            await DBOS.enqueue_workflow_async(EVENTS, self._answer, job)

    async def adopt(self) -> None:
        """Put back in the queue what dead workers left in work."""
        pending = await DBOS.list_workflows_async(status="PENDING", load_input=False, load_output=False)
        names = {workflow.executor_id for workflow in pending if workflow.executor_id}
        for name in names - {slots.executor(self._number)}:
            number = slots.number_of(name)
            if number is not None and self._locks.take(number):
                # No public call does this for a single executor; DBOS's own recovery at launch is the same call.
                await asyncio.to_thread(DBOS._recover_pending_workflows, [name])
                self._locks.release(number)

    async def forget(self) -> None:
        """Delete the workflows that ended more than a day ago, and the events with them."""
        await asyncio.to_thread(self._mailbox.forget)
        ended = (datetime.now(UTC) - timedelta(seconds=DAY)).isoformat()
        while True:
            old = await DBOS.list_workflows_async(
                status=["SUCCESS", "ERROR", "CANCELLED"],
                completed_before=ended,
                limit=FORGET_AT_ONCE,
                load_input=False,
                load_output=False,
            )
            if not old:
                return
            await DBOS.delete_workflows_async([workflow.workflow_id for workflow in old])
