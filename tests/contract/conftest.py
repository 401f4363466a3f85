"""Doubles of Slack for the contract tests."""

import pytest

from tests.fakes.slack import Slack


@pytest.fixture(scope="module")
def slack():
    """One double for the module; each test makes people and channels of its own."""
    with Slack(ack_s=1.0, retries_s=(0.0, 0.05, 0.1)) as double:
        yield double


@pytest.fixture
def hasty():
    """A double of the test's own, in a hurry."""
    with Slack(ack_s=0.5, retries_s=(0.0, 0.05, 0.1)) as double:
        yield double
