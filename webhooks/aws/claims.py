"""Claims in DynamoDB: what was done under a key is not done again for a day, by whichever instance of the worker."""

import logging
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyPersistenceLayerError,
)

from bot.errors import TryAgain
from webhooks.inbox import DAY

log = logging.getLogger(__name__)


class InWork(TryAgain):
    """Somebody else holds the claim: they are at work, or died a moment ago."""


class Claims:
    """Powertools' idempotency (https://docs.powertools.aws.dev), over a table with its default attributes."""

    def __init__(self, table: str, dynamodb: Any) -> None:  # noqa: ANN401 (boto3 makes its clients' classes as it goes)
        self._config = IdempotencyConfig(expires_after_seconds=int(DAY))

        @idempotent_function(  # type: ignore[untyped-decorator]  # (Powertools')
            data_keyword_argument="key",
            persistence_store=DynamoDBPersistenceLayer(table, boto3_client=dynamodb),
            config=self._config,
            key_prefix="claim",
        )
        def once(*, key: str, work: Callable[[], None]) -> None:  # noqa: ARG001 (Powertools reads the key)
            work()

        self._once = once

    def invoked(self, context: Any) -> None:  # noqa: ANN401 (Lambda's context object)
        """Tell of a new invocation. A claim whose holder died ends when its invocation would have.

        Without this, Powertools would let such a claim stand for the whole day.
        """
        self._config.register_lambda_context(context)

    def once(self, key: str, work: Callable[[], None]) -> None:
        """Do some work, unless it was done under this key; what it raises gives the claim back.

        Raises InWork while somebody else is at it, and TryAgain when the table cannot be reached.
        """
        done = False

        def noting() -> None:
            nonlocal done
            work()
            done = True

        try:
            self._once(key=key, work=noting)
        except (IdempotencyAlreadyInProgressError, IdempotencyInconsistentStateError):
            raise InWork("somebody else is at it") from None
        except IdempotencyPersistenceLayerError as error:
            if done:
                # To do it again now would be sure to be once too often.
                log.warning("not noted as done", extra={"reason": type(error.__cause__).__name__})
                return
            raise TryAgain(f"the claims table failed: {type(error.__cause__).__name__}") from None
