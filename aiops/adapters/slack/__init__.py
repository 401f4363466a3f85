"""Slack: incidents, questions and answers in one channel, through slack_bolt and slack_sdk."""

from aiops.adapters.slack.app import SlackChannel, open_slack

__all__ = ["SlackChannel", "open_slack"]
