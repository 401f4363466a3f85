"""G10: an adversary at the Slack endpoint: 0 unauthorised transitions; of 200 clicks at once, 1 decision.

Forged, repeated, foreign, stale and raced requests go into the real endpoint, with the real adapter, forum
and SQLite journal behind it, between genuine ones. The judge is the journal: a vote or a move that no genuine
request accounts for is unauthorised; a genuine one that is missing shows a lock that lets nobody in.
"""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from aiops.model import ApprovalState
from tests.chaos import slack_requests as requests
from tests.chaos.slack_forged import OUTSIDE
from tests.chaos.slack_misused import INSIDE
from tests.chaos.slack_stage import call, stage
from tests.measure import Row, row

A_ROUND, AT_ONCE, SEED = 200, 8, 20260726
CLICKERS = 200
DECISION_S = 0.3  # from a click to the journalled decision


@dataclass
class Ledger:
    """What genuine requests account for."""

    votes: set = field(default_factory=set)  # (approval id, key of who, ballot)
    moves: dict = field(default_factory=dict)  # approval id: state, of people and of the loop

    def vote(self, stage_, approval, who, ballot, state=None):
        self.votes.add((approval.id, f"slack:{stage_.slack.team_id}/{who.id}", ballot))
        if state is not None:
            self.moves[approval.id] = state


@dataclass
class Report:
    """What was sent, and what came of it."""

    sent: Counter = field(default_factory=Counter)  # by kind
    answers: Counter = field(default_factory=Counter)  # by status
    findings: list = field(default_factory=list)  # what must not be, in words
    genuine: int = 0  # decisions that people made
    counted: int = 0  # of them, those that the journal has
    took_s: list = field(default_factory=list)  # from a click to its durable decision
    pressed_s: list = field(default_factory=list)  # the same in the middle of an attack
    restarts: int = 0
    lasted_s: float = 0.0

    @property
    def total(self):
        return sum(self.sent.values())


class Adversary:
    """One run against one stage."""

    def __init__(self, made, seed):
        self.stage, self.rng = made, random.Random(seed)
        self.ledger, self.report = Ledger(), Report()
        self.shut, self.taken = [], []

    async def run(self, count):
        while self.report.total < count:
            await self.round(min(A_ROUND, count - self.report.total))
            self.stage.passes(self.rng.choice((1, 5, 20, 61, 120)))
            if self.rng.random() < 0.1:
                await asyncio.to_thread(self.stage.opens)  # with it goes what only memory knew
                self.report.restarts += 1
            if self.rng.random() < 0.1:
                self.stage.rotates()
        await self.quiet()
        self.judge()

    async def round(self, count):
        """Questions are asked and attacked, and then decided by those who may."""
        author, first, second, decider = self.rng.sample(self.stage.approvers, 4)
        key = f"slack:{self.stage.slack.team_id}/{author.id}"
        target, pair = await self.asks(), await self.asks(quorum=2)
        authored = await self.asks(author=key, barred=(key,))
        self.stage.passes(0.01)  # a reply is newer than its question
        await self.decide(pair, first, "yes", final=False)
        scene = requests.Scene(
            self.stage, self.rng, target, pair, first, authored, author, self.shut, self.taken
        )
        shots = [self.rng.choice(OUTSIDE + INSIDE)(scene) for _ in range(count)]
        await self.attack(shots[: count // 2])
        await self.quiet()
        who, ballot = self.rng.choice((decider, self.stage.on_call)), self.rng.choice(("yes", "no"))
        await asyncio.gather(self.attack(shots[count // 2 :]), self.decide(target, who, ballot, calm=False))
        await self.quiet()
        await self.decide(pair, second, "yes")
        await self.end(authored, decider)
        self.shut += [target, pair, authored]

    def asks(self, **changes):
        return asyncio.to_thread(self.stage.asks, **changes)

    async def end(self, authored, decider):
        """Another approver says yes, or the loop moves it on, or its deadline just passes."""
        match self.rng.randrange(4):
            case 0:
                await self.decide(authored, decider, "yes")
            case 1 | 2:
                state = self.rng.choice(
                    (ApprovalState.SUPERSEDED, ApprovalState.EXPIRED, ApprovalState.CANCELLED)
                )
                self.ledger.moves[authored.id] = state
                self.stage.ends(authored, state, "by the loop")
            case _:
                self.stage.passes(900)

    async def attack(self, shots):
        gate = asyncio.Semaphore(AT_ONCE)

        async def fire(shot):
            async with gate:
                status = await answered(self.stage.asgi, shot)
            self.report.sent[shot.kind] += 1
            self.report.answers[status] += 1
            if isinstance(status, str) or (status >= 500 and status != 503):
                self.report.findings.append(f"{shot.kind}: {status} to {shot.body[:300]!r}")
            elif shot.refused and not 400 <= status < 500:
                self.report.findings.append(f"{shot.kind}: expected to be refused, got {status}")

        await asyncio.gather(*map(fire, shots))

    async def decide(self, approval, who, ballot, *, final=True, calm=True):
        """A genuine answer, by button or by words, and some of it twice; it must count, once."""
        state = {"yes": ApprovalState.APPROVED, "no": ApprovalState.DENIED}[ballot] if final else None
        self.ledger.vote(self.stage, approval, who, ballot, state)
        word = {"yes": "approve", "no": "deny"}[ballot]
        if self.rng.random() < 0.5:
            payload = requests.click(self.stage, approval, who, f"aiops_{word}")
        else:
            text = self.rng.choice((word, f"{word} {approval.short}")) + (
                " because no" if ballot == "no" else ""
            )
            payload = requests.typed(self.stage, who, text, self.stage.thread(approval))
        shot, began = requests.signed(self.stage, "genuine", payload), time.perf_counter()
        while (status := await call(self.stage.asgi, shot)) == 503:
            await asyncio.sleep(0.02)
        self.taken.append((self.stage.clock.now_ms(), shot))
        if status != 200:
            self.report.findings.append(f"a genuine {word} was answered {status}")
        if self.rng.random() < 0.3:  # Slack brings it again, signed anew
            now_s = self.stage.clock.now_ms() / 1000
            again = requests.signed(self.stage, "duplicate", payload, at_s=now_s - 1, retry=1)
            await self.attack([again])
        await self.counted(approval, final, began, self.report.took_s if calm else self.report.pressed_s)

    async def counted(self, approval, final, began, times):
        """Wait until the journal has it."""
        self.report.genuine += 1
        deadline = began + 10
        while time.perf_counter() < deadline:
            if final and approval.id in self.stage.store.durable:
                times.append(self.stage.store.durable[approval.id] - began)
                self.report.counted += 1
                return
            if not final and self.stage.forum.approval(approval.id).votes:
                self.report.counted += 1
                return
            await asyncio.sleep(0.002)

    async def quiet(self):
        """Wait until the app has nothing left to do."""
        last, still = -1, 0
        while still < 3:
            await asyncio.sleep(0.02)
            now = (self.stage.store.head()[0], len(self.stage.slack.calls))
            still = still + 1 if now == last else 0
            last = now

    def judge(self):
        """Whatever the journal has that nobody who may has asked for."""
        self.report.findings += unaccounted(self.stage, self.ledger)


def slowest(times, share):
    """The time that ``share`` of them did not exceed."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


async def answered(asgi, shot):
    """The status of the answer; the name of what was raised instead of one."""
    try:
        return await call(asgi, shot)
    except Exception as error:  # noqa: BLE001 - whatever an adversary can bring out is a finding
        return type(error).__name__


def unaccounted(made, ledger):
    """Votes, moves and other sayings of the journal that are in no ledger, in words."""
    found, votes, moves = [], Counter(), Counter()
    quorums = {one.id: one.quorum for one in made.forum.approvals(pending=False)}
    for record in made.store.read(stream="approvals"):
        payload = record.entry.payload
        match record.entry.kind:
            case "approval_voted":
                vote = (payload["approval_id"], payload["by"], payload["vote"]["ballot"])
                votes[vote] += 1
                if vote not in ledger.votes or votes[vote] > 1:
                    found.append(f"a vote that nobody gave: {vote}")
            case "approval_moved":
                moves[payload["approval_id"]] += 1
                expected = ledger.moves.get(payload["approval_id"])
                if payload["state"] != expected or moves[payload["approval_id"]] > 1:
                    found.append(f"a move that nobody made: {payload}")
                said_yes = {by for name, by, word in votes if (name, word) == (payload["approval_id"], "yes")}
                if payload["state"] == "approved" and len(said_yes) < quorums[payload["approval_id"]]:
                    found.append(f"approved by {len(said_yes)}: {payload}")
    for record in made.store.read(stream="forum", kinds=("said",)):
        said = record.entry.payload
        if said["done"] and not any(one[:2] == (said["approval_id"], said["by"]) for one in ledger.votes):
            found.append(f"a saying that came to something: {said['kind']} by {said['by']}")
    found += [f"a vote that does not count: {one}" for one in ledger.votes if one not in votes]
    found += [f"something was done: {one}" for one in made.did]
    return found


async def race(made, ballots):
    """Each approver clicks at the same moment: (decisions, votes) of the journal."""
    approval = await asyncio.to_thread(made.asks)
    names = {"yes": "aiops_approve", "no": "aiops_deny"}
    clicks = [
        requests.signed(made, "race", requests.click(made, approval, who, names[ballots[n % len(ballots)]]))
        for n, who in enumerate(made.approvers)
    ]
    await asyncio.gather(*(call(made.asgi, one) for one in clicks))
    said = 0
    deadline = time.monotonic() + 30
    while said < len(clicks) and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
        heard = made.store.read(stream="forum", kinds=("said",))
        said = sum(one.entry.payload["approval_id"] == approval.id for one in heard)
    assert said == len(clicks), f"{said} of {len(clicks)} clicks were heard"
    mine = [
        one.entry
        for one in made.store.read(stream="approvals")
        if one.entry.payload.get("approval_id") == approval.id
    ]
    return (
        sum(one.kind == "approval_moved" for one in mine),
        sum(one.kind == "approval_voted" for one in mine),
    )


def run(count: int, folder: Path, seed: int = SEED) -> Report:
    """``count`` requests against one stage, which is started anew now and then."""
    with stage(folder) as made:
        adversary = Adversary(made, seed)
        began = time.monotonic()
        asyncio.run(adversary.run(count))
        adversary.report.lasted_s = time.monotonic() - began
    return adversary.report


def races(folder: Path) -> list[tuple[int, int]]:
    """(decisions, votes) of 200 people who say yes at once, and of 200 who disagree."""
    folder.mkdir(exist_ok=True)
    with stage(folder, people=CLICKERS) as made:
        return [asyncio.run(race(made, ballots)) for ballots in (("yes",), ("yes", "no"))]


def rows(folder: Path, count: int = 100_000) -> list[Row]:
    """The figures of ``make chaos``."""
    report = run(count, folder)
    decisions = [one for one, _ in races(folder / "race")]
    for finding in report.findings[:50]:
        print(f"BAD {finding}")
    lost = report.genuine - report.counted
    return [
        row("slack: requests", report.total, "requests", goal=count, better="higher"),
        row("slack: rate", report.total / report.lasted_s, "requests a second"),
        row("slack: unauthorised or wrong", len(report.findings), "findings", goal=0),
        row("slack: genuine answers", report.genuine, "answers"),
        row("slack: genuine answers that did not count", lost, "answers", goal=0),
        row("slack: most decisions of 200 clicks at once", max(decisions), "decisions", goal=1),
        row("slack: fewest of them", min(decisions), "decisions", goal=1, better="higher"),
        row(
            "slack: click to journal, p99", 1000 * slowest(report.took_s, 0.99), "ms", goal=1000 * DECISION_S
        ),
        row("slack: the same under attack, p99", 1000 * slowest(report.pressed_s, 0.99), "ms"),
        row("slack: restarts in between", report.restarts, "restarts"),
        *(row(f"slack: sent: {kind}", times, "requests") for kind, times in sorted(report.sent.items())),
    ]
