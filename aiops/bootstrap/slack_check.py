"""Slack check: whether the Slack of a configuration would work."""

from aiops.adapters.slack.check import Finding, check_slack
from aiops.model import SlackMode
from aiops.settings.schema import Settings


def check(settings: Settings) -> tuple[Finding, ...]:
    """What was found. Raises ConfigError where secrets are missing."""
    if settings.slack.mode is SlackMode.OFF:
        return (Finding("slack.mode", False, "off: expected socket or http"),)
    return check_slack(settings.slack, settings.approvals, settings.notify)
