"""Slack: events, files and the Bolt app."""
