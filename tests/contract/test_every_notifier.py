"""Every notifier keeps the same promises: one suite over Slack, webhook, Alertmanager and the outbox."""

from dataclasses import replace

import pytest

from aiops.adapters.alertmanager import Alertmanager
from aiops.adapters.slack.notifier import SlackNotifier
from aiops.adapters.webhook import Webhook
from aiops.core.card import question
from aiops.errors import PortError, Unavailable
from aiops.model import (
    AlertmanagerSettings,
    ApprovalSettings,
    ApprovalState,
    Card,
    IncidentState,
    Note,
    NotifySettings,
    Question,
    Target,
    WebhookSettings,
)
from tests.fakes.clock import FakeClock
from tests.fakes.forum import an_approval
from tests.fakes.notifier import Outbox
from tests.unit.adapters.hooks import Hook
from tests.unit.adapters.slack.parts import CHANNEL, FakeApi, Known, MemoryPosts
from tests.unit.core.cases import NOW, incident, plan, step

SECRET = "hunter2hunter2"  # noqa: S105 - a canary
HOSTILE = (
    "<!channel> <@U123> https://evil.example *x* `y` \x1b[31m\x00\u202e" + "z" * 3_000,
    "one\ntwo\r\n&lt;three&gt;",
    "",
)


class Place:
    """A notifier with all that it needs: ``said`` is all that left us, ``down`` lets every call fail."""

    def __init__(self, kind, hook):
        self.hook, self.api, self.box, clock = hook, FakeApi(), Outbox(), FakeClock(NOW)
        self.notifier = {
            "outbox": lambda: self.box,
            "webhook": lambda: Webhook("ops", WebhookSettings(hook.url), clock),
            "alertmanager": lambda: Alertmanager(AlertmanagerSettings(hook.url), "blue", clock),
            "slack": self._slack,
        }[kind]()

    def _slack(self):
        return SlackNotifier(
            self.api,
            Known(),
            MemoryPosts(),
            cluster="blue",
            channel=CHANNEL,
            approvals=ApprovalSettings(),
            notify=NotifySettings(),
            now_ms=lambda: NOW,
            failed=lambda *_: None,
        )

    def down(self):
        self.hook.status = 503
        self.box.down()
        for method in ("chat.postMessage", "chat.update"):
            self.api.fails[method] = Unavailable("slack: service_unavailable")

    @property
    def said(self):
        return f"{self.hook.got} {self.api.sent}"


@pytest.fixture(params=["outbox", "webhook", "alertmanager", "slack"])
def place(request):
    with Hook() as hook:
        yield Place(request.param, hook)


def a_card(**changes):
    return replace(Card("blue", incident(), "open", NOW), **changes)


def a_question(state=ApprovalState.PENDING, **changes):
    return Question(
        an_approval(incident_id="i1", state=state, **changes), incident(), plan(), ("4 of 4 pods ready",)
    )


def test_it_has_a_name(place):
    assert place.notifier.name


def test_a_life_is_told_from_its_beginning_to_its_end(place):
    place.notifier.show(a_card())
    place.notifier.ask(a_question())
    place.notifier.note(Note("held: it cools down", "record:7", "i1", NOW))
    place.notifier.ask(a_question(ApprovalState.EXPIRED, said="nobody answered"))
    over = incident(state=IncidentState.CLOSED, closed_ms=NOW, closed_because="calm")
    place.notifier.show(a_card(incident=over, stage="resolved"))


def test_the_same_twice_is_harmless(place):
    for _ in range(2):
        place.notifier.show(a_card())
        place.notifier.ask(a_question())
        place.notifier.note(Note("held", "record:7", "i1", NOW))


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_from_labels_is_sent_or_refused_as_a_port_error(place, text):
    """H9."""
    name = (text.replace("/", "") or "x")[:200]
    one = incident(
        incident_class=text, opened_because=text, targets=(Target("Deployment", "shop", name),), suspects=()
    )
    try:
        place.notifier.show(
            a_card(incident=one, decision=text, lines=(text,) * 50, owner=text, silenced=text)
        )
        place.notifier.ask(
            replace(a_question(summary=text, because=(text,) * 30), facts=(text,) * 30, incident=one)
        )
        place.notifier.note(Note(text, "record:7", "i1", NOW, roles=(text,), owner=text, loud=True))
    except PortError:
        pass  # told, counted and put aside by the herald


def test_what_is_down_is_unavailable(place):
    """H8: so that the herald tries again."""
    place.down()
    with pytest.raises(Unavailable):
        place.notifier.show(a_card())


def test_values_of_variables_never_leave_us(place):
    """S8: the plan holds them, for whoever reads the journal."""
    patch = {
        "spec": {
            "template": {"spec": {"containers": [{"name": "a", "env": [{"name": "A", "value": SECRET}]}]}}
        }
    }
    made = plan(step(change=replace(step().change, patch=patch)))
    asked = an_approval(incident_id="i1", command=f"kubectl set env A={SECRET}")
    place.notifier.show(a_card())
    place.notifier.ask(question(asked, Opened(), made))
    assert SECRET not in place.said


class Opened:
    """An incident's standing, as the board has it."""

    incident = incident()
