"""The bot as it is deployed on AWS: front doors, worker and captioning function, a queue, and secrets by name."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from urllib.parse import quote

from tests.sandbox.aws import AwsSandbox, key_of
from tests.sandbox.lambda_queue import QueueMapping
from tests.sandbox.lambda_url import FunctionUrl, arn_of_queue
from tests.sandbox.slack import SlackSandbox
from tests.sandbox.slack_person import Sent
from tests.sandbox.telegram import TelegramSandbox

PARAMETERS = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET")
SECRETS = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_WEBHOOK_SECRET")
ADDRESSES = ("SLACK_API_URL", "SLACK_FILES_URL", "TELEGRAM_API_URL")
NUMBERS = count(1)
GENERAL = "C0GENERAL"


class Deployment:
    """A queue of its own for each, over one AWS. `worker`, `inference` and the doors are functions; see `deployed`."""

    def __init__(
        self,
        aws: AwsSandbox,
        slack: SlackSandbox,
        telegram: TelegramSandbox,
        endpoint: str | None,
        settings: Mapping[str, str],
        timeout: float,
        concurrency: int,
        parameters: Collection[str],
    ) -> None:
        self.aws, self.slack, self.telegram = aws, slack, telegram
        self.name = f"inbox-{next(NUMBERS)}"
        # One time more than there are attempts, for the apology for what kills the worker each time.
        attempts = int(settings.get("ATTEMPTS", "8"))
        self.queue = aws.queue(self.name, receives=attempts + 1, visibility=int(6 * timeout))
        known = {**slack.environment, **telegram.environment}
        names = self._keep({name: known[name] for name in (*PARAMETERS, *SECRETS)}, parameters)
        inbox = {"INBOX_URL": self.queue}

        self.slack_door = aws.function(
            "webhooks.aws.slack.handler", {**inbox, **_only(names, "SLACK_SIGNING_SECRET")}, timeout=10, concurrency=1
        )
        self.telegram_door = aws.function(
            "webhooks.aws.telegram.handler",
            {**inbox, **_only(names, "TELEGRAM_WEBHOOK_SECRET")},
            timeout=10,
            concurrency=1,
        )
        self.inference = aws.function("inference.handler.handler", {}, timeout=30)
        self.inference_url = FunctionUrl(self.inference, auth="AWS_IAM")
        self.worker = aws.function(
            "webhooks.aws.worker.handler",
            {
                **inbox,
                **_only(names, "SLACK_BOT_TOKEN", "TELEGRAM_BOT_TOKEN"),
                **{name: known[name] for name in ADDRESSES},
                "INFERENCE_URL": endpoint or self.inference_url.url,
                "INFERENCE_AUTH": "iam",
                **settings,
            },
            timeout=timeout,
            concurrency=concurrency,
        )
        # Lambda empties the queue as the worker's role.
        sqs = aws.client("sqs", key_of(self.worker.handler))
        self.mapping = QueueMapping(sqs, self.queue, arn_of_queue(self.name), self.worker)

    def _keep(self, secrets: Mapping[str, str], parameters: Collection[str]) -> dict[str, str]:
        """Put secrets where they belong; returns the environment that names them."""
        names = {}
        for name, value in secrets.items():
            place = f"/{self.name}/{name.lower().replace('_', '-')}"
            if name in parameters:
                self.aws.ssm.put_parameter(Name=place, Value=value, Type="SecureString")
                names[f"{name}_PARAMETER"] = place
            else:
                self.aws.secrets.create_secret(Name=place, SecretString=f"{value}\n")
                names[f"{name}_SECRET"] = place
        return names

    def waiting(self) -> int:
        """How many messages are in the queue, whether they can be received now or not."""
        kinds = ("", "NotVisible", "Delayed")
        found = self.aws.sqs.get_queue_attributes(
            QueueUrl=self.queue, AttributeNames=[f"ApproximateNumberOfMessages{kind}" for kind in kinds]
        )
        return sum(int(number) for number in found["Attributes"].values())

    def idle(self) -> bool:
        """Whether every message has been answered, and the instances lie frozen."""
        return self.waiting() == 0

    def texts(self, sent: Sent) -> list[str]:
        """The bot's replies to something in Slack."""
        return [posted.text for posted in self.slack.replies(sent)]

    def dead(self) -> list[str]:
        """The bodies of the dead letters."""
        return self.aws.dead(self.name)


def _only(names: Mapping[str, str], *secrets: str) -> dict[str, str]:
    """Give a function the names of the secrets that it needs."""
    return {name: place for name, place in names.items() if name.rpartition("_")[0] in secrets}


@contextmanager
def deployed(
    aws: AwsSandbox,
    slack: SlackSandbox,
    telegram: TelegramSandbox,
    *,
    endpoint: str | None = None,
    timeout: float = 60.0,
    concurrency: int = 2,
    parameters: Collection[str] = PARAMETERS,
    **settings: str,
) -> Iterator[Deployment]:
    """Deploy the bot; with `endpoint` it captions there and not with the function. Deliveries go to its doors.

    `timeout` (seconds) and `concurrency` are the worker's. `parameters` are the secrets in Parameter Store; the others
    are in Secrets Manager.
    """
    begun = len(aws.log.read_text()) if aws.log.exists() else 0
    here = Deployment(aws, slack, telegram, endpoint, settings, timeout, concurrency, parameters)
    with ExitStack() as stack:
        for function in (here.slack_door, here.telegram_door, here.inference, here.worker):
            stack.callback(function.kill)
        # Slack gives up on a door that takes long to start where the machine is busy.
        assert here.slack_door.call({"warm": True}) == {"warm": True}
        slack.sender.url = FunctionUrl(here.slack_door).url
        telegram.set_webhook(FunctionUrl(here.telegram_door).url)
        stack.callback(telegram.set_webhook, "")
        stack.enter_context(here.mapping)
        yield here
    leaked = _secrets_in(aws.log.read_text()[begun:], {**slack.environment, **telegram.environment, **aws.environment})
    assert not leaked, f"in the log: {leaked}"


def _secrets_in(text: str, environment: Mapping[str, str]) -> list[str]:
    names = [name for name in environment if name.endswith(("_TOKEN", "_SECRET", "_KEY"))]
    found = [name for name in names if environment[name] in text or quote(environment[name]) in text]
    return found + [mark for mark in ("/files-pri/", "/files-tmb/", "/file/bot") if mark in text]
