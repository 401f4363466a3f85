"""A whole conversation: incident, its plot, "why?", "scale to 6 instead", a quorum, the change, its proof.

Everything is real but Slack itself and the nodes: ``aiops run`` as a process with Socket Mode, a control
plane with an audit log, a Prometheus that sees the load. What people read is what the double of Slack has.
"""

import json
import os
import subprocess
import time

import pytest
from ruamel.yaml import YAML

from tests.acting.alone import RESTARTED, CpuSaturation, TrafficSurge
from tests.acting.case import Write
from tests.acting.world import World
from tests.controlplane.objects import deployment
from tests.fakes.slack import Slack
from tests.integration.daemon import AIOPS

pytestmark = [pytest.mark.integration, pytest.mark.slow]

PATIENCE_S = 100
GREEN = "#12b76a"


class Surge(TrafficSurge):
    """Half as many requests more than usual, on three pods: half as many more are five."""

    size = {"replicas": 3, "cpu": "250m"}  # noqa: RUF012 - as of the class above
    load = {"rps": 75, "cpu_s": 0.004}  # noqa: RUF012

    def create(self, at):
        made = deployment(at.space, "cart", **self.size)
        made["metadata"]["annotations"] = {"aiops.dev/max-replicas": "10"}
        at.create(made)
        at.notes["app"] = at.telemetry.app(at.space, "cart", **self.load)

    def spoil(self, at):
        at.notes["app"].rps = 112


SURGE, BUSY = Surge(), CpuSaturation()


class Team:
    """Three people who may approve, in the channel where the daemon speaks, and one who may not."""

    def __init__(self, slack):
        self.slack = slack
        self.ana, self.ben, self.cy, self.joe = (slack.person(name) for name in ("ana", "ben", "cy", "joe"))
        self.group = slack.group("oncall", [self.ana, self.ben, self.cy])
        self.channel = slack.channel("incidents", [self.ana, self.ben, self.cy, self.joe])

    def settings(self):
        """What the how-to page says, with a quorum of two for any number of pods."""
        return {
            "cluster": {"name": "prod"},
            "slack": {
                "mode": "socket",
                "team": self.slack.team_id,
                "channel": self.channel.id,
                "api_url": self.slack.api_url,
            },
            "approvals": {
                "roles": {"performance-optimizer": {"slack_groups": [self.group.id]}},
                "critical_remediations": ["scale_out", "scale_to"],
                "critical_share": 1,  # a restart of all pods takes one yes here
                "quorum": 2,
            },
        }


@pytest.fixture(scope="module")
def team():
    with Slack() as slack:
        made = Team(slack)
        secrets = {"AIOPS_SLACK_BOT_TOKEN": slack.bot_token, "AIOPS_SLACK_APP_TOKEN": slack.app_token}
        os.environ.update(secrets)
        yield made
        for name in secrets:
            del os.environ[name]


@pytest.fixture(scope="module")
def world(control_plane, tmp_path_factory, team):
    if not hasattr(control_plane, "kubelet"):
        pytest.skip("AIOPS_TEST_KUBECONFIG names an existing cluster: there is no simulated kubelet")
    folder = tmp_path_factory.mktemp("conversation")
    with World(control_plane, folder, (SURGE, BUSY), "talk", "ask", twins=False) as made:
        file = made.config / "aiops.yaml"
        yaml = YAML(typ="safe")
        settings = yaml.load(file.read_text()) | team.settings()
        with file.open("w") as written:
            yaml.dump(settings, written)
        yield made


class Talk:
    """What stands in the channel, by what it is."""

    def __init__(self, team, what):
        self.slack, self.channel, self.what = team.slack, team.channel, what

    def cards(self):
        """Messages in the channel itself about this class of incident."""
        return [one for one in self.slack.messages(self.channel) if self.what in one.seen]

    def card(self):
        """The incident's one message."""
        return next(iter(self.cards()), None)

    def question(self, part):
        """The newest question in the card's thread that says ``part`` and can be answered."""
        found = [one for one in self.below() if one.buttons and part in one.seen]
        return found[-1] if found else None

    def below(self):
        card = self.card()
        return self.slack.thread(card) if card else []

    def says(self, part):
        """The newest message of the thread that says ``part``."""
        return next((one for one in reversed(self.below()) if part in one.seen), None)


def test_an_incident_is_told_asked_about_changed_agreed_upon_carried_out_and_over(world, team):
    """Issue 5, done when; H3: all of it twice; H5: who changed it does not confirm it; G5: the audit log."""
    slack, talk, at = team.slack, Talk(team, "traffic surge"), world.place(SURGE)

    def tale():
        return story(world, talk, SURGE)

    with world.daemon() as daemon:
        world.is_warm(daemon)
        slack.wait(lambda: slack.sockets, 20, "the daemon to listen")
        world.since = world.plane.audit.now()
        SURGE.spoil(at)

        question = world.wait(lambda: talk.question("from 3 to 5"), PATIENCE_S, tale)
        card = talk.card()
        assert "prod" in card.seen
        assert all("prod" in button["text"]["text"] for button in question.buttons[:2])

        picture = world.wait(lambda: talk.says("Evidence of incident"), 30, tale)
        assert slack.uploads.data(picture.files[0]["id"]).startswith(b"\x89PNG")

        slack.says(team.joe, "why?", thread=card)
        world.wait(lambda: talk.says("Suspects:"), 20, tale)

        slack.says(team.joe, "approve", thread=card)  # a member, and no approver
        world.wait(lambda: said_no(talk, team.joe), 20, tale)

        slack.says(team.ana, "scale to 6 instead", thread=card)
        amended = world.wait(lambda: talk.question("from 3 to 6"), 30, tale)
        world.wait(lambda: not slack.current(question).buttons, 20, tale)  # it is not asked any more

        slack.says(team.ana, "approve", thread=card)  # her own: others confirm it
        slack.clicks(team.ben, amended, "aiops_approve")
        world.wait(lambda: talk.says("2 people are needed"), 20, tale)
        assert world.written(at) == []
        clicked = time.time()
        slack.clicks(team.cy, amended, "aiops_approve")

        wanted = Write("patch", "deployments", "cart", {"spec": {"replicas": 6}})
        world.wait(lambda: any(one.is_of(wanted) for one in world.written(at)), 30, tale)
        print(f"from the last click to the write in the audit log: {time.time() - clicked:.1f} s")
        assert [one.is_of(wanted) for one in world.written(at)] == [True]

        world.wait(lambda: slack.current(card).colors == [GREEN], PATIENCE_S, tale)
        assert "verified" in slack.current(card).seen
        SURGE.over(at)
        world.wait(lambda: "*resolved*" in slack.current(card).seen, PATIENCE_S, tale)
        assert slack.current(card).colors == [GREEN]
        assert len(talk.cards()) == 1

        decided = [one.entry for one in world.chronicle.records("approval_moved")]
        for delivery in slack.journal:  # everything comes a second time
            slack.redelivers(delivery)
        slack.settles(60)
        time.sleep(2)  # what is heard is done after its acknowledgement
        assert [one.entry for one in world.chronicle.records("approval_moved")] == decided
        assert [one.is_of(wanted) for one in world.written(at)] == [True]
        assert slack.courier.complaints == []
        assert slack.courier.strays == []
        assert daemon.stop() == 0


def test_while_slack_is_down_the_question_waits_and_is_answered_on_the_command_line(world, team):
    """H8: an outage decides nothing; the other channel knows people by itself; in the end Slack shows it."""
    slack, talk, at = team.slack, Talk(team, "cpu saturation"), world.place(BUSY)

    def tale():
        return story(world, talk, BUSY)

    with world.daemon() as daemon:
        world.is_warm(daemon)
        slack.wait(lambda: slack.sockets, 20, "the daemon to listen")
        world.since = world.plane.audit.now()
        BUSY.spoil(at)
        question = world.wait(lambda: talk.question("restart"), PATIENCE_S, tale)
        card = talk.card()

        slack.down()
        time.sleep(3)
        (waiting,) = aiops(world, "approvals", "--json")
        assert (waiting["state"], world.written(at)) == ("pending", [])
        aiops(world, "approve", waiting["short"], "--yes", "--json")
        wanted = Write("patch", "deployments", "cart", RESTARTED)
        world.wait(lambda: [one.is_of(wanted) for one in world.written(at)] == [True], 30, tale)

        slack.up()
        world.wait(lambda: not slack.current(question).buttons, 60, tale)
        assert "approved by" in slack.current(question).seen
        world.wait(lambda: slack.current(card).colors == [GREEN], PATIENCE_S, tale)
        assert len(talk.cards()) == 1
        assert daemon.stop() == 0


def aiops(world, *arguments):
    """A command on the daemon's state folder: its JSON."""
    command = [AIOPS, *arguments, "--state", str(world.folder / "state")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return json.loads(done.stdout)


def said_no(talk, who):
    """An answer to somebody that something did not come to anything."""
    return next((one for one in talk.below() if f"<@{who.id}>" in one.text and "no_entry" in one.text), None)


def story(world, talk, case):
    """What was said, and what the journal has, for a test that fails."""
    lines = [f"{one.ts} {one.seen}" for one in talk.slack.everything(talk.channel)]
    lines += [f"only for {one.ephemeral_to}: {one.seen}" for one in talk.slack.world.ephemerals]
    lines += [f"failed: {one.method} {one.error}" for one in talk.slack.calls if one.error]
    lines.append(world.told(world.place(case), case))
    log = (world.folder / "daemon.log").read_text().splitlines()
    return "\n".join([*lines, *log[-30:]])
