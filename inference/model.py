"""The model as the endpoint holds it: loaded once, in the background, by whoever needs it first."""

import asyncio
import logging
from collections.abc import Callable

from inference.captioner import Captioner, Deadline, DeadlineExceeded, ModelError, load_captioner
from inference.contract import Code, Refused
from inference.settings import InferenceSettings

log = logging.getLogger(__name__)


class Model:
    """A captioner that is loaded already, or is loaded at the first call of `warm` or `get`."""

    def __init__(self, settings: InferenceSettings, loaded: Captioner | None = None) -> None:
        self.name, self.engine = settings.caption_model, settings.caption_engine
        self._load: Callable[[], Captioner] = lambda: loaded or load_captioner(settings)
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
        if self._loading is None and self._loaded is None:
            self._loading = asyncio.get_running_loop().create_task(self._finish())

    async def get(self, deadline: Deadline) -> Captioner:
        """The captioner, waited for if need be; raises `Refused` or `DeadlineExceeded`."""
        if self._loaded is not None:
            return self._loaded
        self.warm()
        if self._loading is None:
            raise RuntimeError("warm() starts loading")
        try:
            async with asyncio.timeout(deadline.remaining()):
                return await asyncio.shield(self._loading)
        except TimeoutError:
            raise DeadlineExceeded from None
        except ModelError:
            raise Refused(
                Code.OVERLOADED,
                "I can't caption photos at the moment: my model is not available. The log tells my operator why.",
                retry_after=60,
            ) from None

    async def _finish(self) -> Captioner:
        try:
            self._loaded = await asyncio.to_thread(self._load)
        except ModelError as error:
            log.critical("the model can't be loaded: %s", error)
            raise
        return self._loaded
