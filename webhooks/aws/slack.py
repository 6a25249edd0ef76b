"""Slack's front door as a Lambda function: `webhooks.aws.slack.handler`."""

from webhooks.aws.function import open_door
from webhooks.slack import Slack

handler = open_door("SLACK_SIGNING_SECRET", Slack)
