"""What the bot expects to go wrong; the branches say whose it is to put right."""


class BotError(Exception):
    """Root of the expected failures."""


class Declined(BotError):
    """The photo will never be captioned as it is: the person can change that, and `sentence` says how.

    `reason` is for the log and for counting: one of the endpoint's codes, or that the file could not be had.
    """

    def __init__(self, sentence: str, reason: str = "not_fetched") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.reason = reason


class FileGone(Declined):
    """The photo was deleted before it could be fetched: nothing is to be said of it where others read along."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, "gone")


class TryAgain(BotError):
    """Nothing final can be said now: the inbox hands the event in again.

    `reason` is for the log (no URL, no token); `apology` is what the person is told once the inbox gives up, where
    there is something better to say than the general one. `after` is for how many seconds the platform wants to be left
    alone (0: it did not say).
    """

    def __init__(self, reason: str, apology: str | None = None, *, after: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.apology = apology
        self.after = after


class GiveUp(BotError):
    """Trying again would end the same way until the operator has put something right.

    The inbox tries no more: it apologises at once and keeps the event, so that it can be handed in when all is well.
    `reason` and `apology` as for TryAgain.
    """

    def __init__(self, reason: str, apology: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.apology = apology
