"""The model as the endpoint holds it: loaded once, in the background, by whoever needs it first."""

import asyncio
import logging

from common.contract import Code, Refused
from inference.captioner import Captioner, Deadline, DeadlineExceeded, ModelError
from inference.loading import load_captioner
from inference.settings import InferenceSettings

log = logging.getLogger(__name__)


class Model:
    """A captioner that is loaded already, or is loaded at the first call of `warm` or `get`."""

    def __init__(self, settings: InferenceSettings, loaded: Captioner | None = None) -> None:
        self.name, self.engine = settings.caption_model, settings.caption_engine
        self._settings = settings
        self._loaded = loaded
        self._loading: asyncio.Task[Captioner] | None = None

    @property
    def ready(self) -> bool:
        """Whether a photo would be captioned at once."""
        return self._loaded is not None

    @property
    def failed(self) -> bool:
        """Whether loading was tried and failed, which only an operator can mend."""
        task = self._loading
        return task is not None and task.done() and not task.cancelled() and task.exception() is not None

    def warm(self) -> None:
        """Start loading, unless that was done before."""
        if self._loaded is None:
            self._load()

    async def get(self, deadline: Deadline) -> Captioner:
        """The captioner, waited for if need be; raises `Refused` or `DeadlineExceeded`."""
        if self._loaded is not None:
            return self._loaded
        try:
            async with asyncio.timeout(deadline.remaining()):
                return await asyncio.shield(self._load())
        except TimeoutError:
            raise DeadlineExceeded from None
        except ModelError:
            raise Refused(
                Code.OVERLOADED,
                "I can't caption photos at the moment: my model is not available. The log tells my operator why.",
                retry_after=60,
            ) from None

    def _load(self) -> asyncio.Task[Captioner]:
        if self._loading is None:
            self._loading = asyncio.create_task(self._finish())
        return self._loading

    async def _finish(self) -> Captioner:
        try:
            self._loaded = await asyncio.to_thread(load_captioner, self._settings)
        except ModelError as error:
            log.critical("the model can't be loaded: %s", error)
            raise
        return self._loaded
