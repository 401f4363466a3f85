"""An adversary at the real Slack endpoint: nobody decides who may not, and those who may are heard (G10)."""

import asyncio

import pytest

from aiops.core.approvals.book import moved_entry, voted_entry
from aiops.model import Actor, ApprovalState, Ballot, Channel, Vote
from tests.chaos import slack
from tests.chaos.slack_stage import stage

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

REQUESTS = 10_000
LEAST_OF_A_KIND = 10  # 10,000 over some 45 kinds: each is met


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return slack.run(REQUESTS, tmp_path_factory.mktemp("adversary"))


def test_nothing_is_decided_done_or_answered_by_error_that_nobody_who_may_has_asked_for(report):
    """G10, H1, H2, H4 to H7: 0 findings in 10,000 requests, by the journal."""
    print("\n".join(f"{times:6d} {kind}" for kind, times in sorted(report.sent.items())))
    assert report.findings == []
    assert report.total >= REQUESTS
    assert min(report.sent.values()) >= LEAST_OF_A_KIND


def test_genuine_answers_among_them_count_each_and_soon(report):
    """G10: the lock opens; H3: a duplicate counts once. Click to journalled decision under 300 ms."""
    assert report.counted == report.genuine >= 3 * REQUESTS // slack.A_ROUND
    assert slack.slowest(report.took_s, 0.95) < slack.DECISION_S


def test_of_two_hundred_clicks_at_once_one_decides(tmp_path):
    """G10, H3: 200 approvers agree, then disagree: one decision and one vote, the others are told."""
    assert slack.races(tmp_path / "race") == [(1, 1), (1, 1)]


def test_the_judge_sees_a_vote_and_a_move_that_nobody_made(tmp_path):
    """A judge that sees nothing would pass everything above."""
    with stage(tmp_path) as made:
        approval = made.asks()
        vote = Vote(Actor(Channel.SLACK, "T00000001/U404"), Ballot.YES, 1)
        made.store.append((voted_entry(approval, vote, 1),), 1)
        made.store.append((moved_entry(approval, ApprovalState.APPROVED, "", 1),), 1)
        found = slack.unaccounted(made, slack.Ledger())
    assert len(found) == 2
    assert "U404" in found[0]
    assert "approved" in found[1]


def test_a_genuine_answer_that_does_not_count_is_a_finding(tmp_path):
    with stage(tmp_path) as made:
        adversary = slack.Adversary(made, seed=1)
        approval = asyncio.run(adversary.asks())
        adversary.ledger.vote(made, approval, made.on_call, "yes", ApprovalState.APPROVED)
        adversary.judge()
    assert ["does not count" in one for one in adversary.report.findings] == [True]
