"""The report: one file, no request, nothing from a label escapes, everything a person needs is there."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest

from aiops.core.compare import compare
from aiops.core.score import score
from aiops.model import (
    Act,
    Alert,
    AnomalyKind,
    Decided,
    Escalate,
    Evidence,
    Hold,
    Lean,
    Moment,
    Reason,
    Refuse,
    Suspect,
    Target,
)
from aiops.web.report import render
from aiops.web.report.view import anomaly_words, marks_of, safe_url
from tests.unit.report.stories import (
    CART,
    CATALOG,
    COOL,
    DAY,
    HOUR,
    START,
    anomaly,
    decided,
    incident,
    plan,
    plot,
    second_day,
    step,
    story,
    told,
    truth,
)

VOID = {"meta", "br"}


class Reader(HTMLParser):
    """Reads the page as a browser would: tags with their attributes, the visible words, what is left open."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.words, self.open, self.wrong = [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def page(told_story=None, **more):
    told_story = story() if told_story is None else told_story
    return Reader(render(told_story, score(told_story), **more))


def test_the_page_is_well_formed():
    read = page(story([told(), second_day()]))
    assert (read.wrong, read.open) == ([], [])


def test_the_page_loads_nothing_from_anywhere():
    alert = Alert("CartDown", CART, START + HOUR, runbook_url="https://wiki.example/cart")
    read = page(story([told(incident(alerts=(alert,)))]))
    loads = [
        (tag, attrs)
        for tag, attrs in read.tags
        if tag in {"script", "link", "img", "iframe", "object"} or "src" in attrs
    ]
    assert loads == []
    policy = next(
        attrs["content"] for tag, attrs in read.tags if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_the_style_sheet_names_no_address():
    assert not re.search(
        r"url\(|@import|https?:", re.search(r"<style>(.*?)</style>", render(story(), None), re.S)[1]
    )


EVIL = (
    "<script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    "\x1b[31mred\x1b]0;title\x07",
    "two\nlines\r\x0b",
    "\u202ereversed\u2066",
    '" onmouseover="alert(1)',
    "]]>--><!--",
    "\ud800",
)


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_that_a_label_holds_becomes_part_of_the_page(evil):
    """S3, S9: names, evidence, reasons, patches, alerts, moments and notes of a recording are text."""
    bad = Target("Deployment", evil, evil)
    suspect = Suspect(bad, 0.5, (Evidence(evil, 1.0, evil),), evil, evil)
    alert = Alert(evil, bad, START + HOUR, severity=evil, runbook_url=evil, summary=evil)
    one = incident(
        target=bad,
        incident_class=evil,
        suspects=(suspect,),
        alerts=(alert,),
        opened_because=evil,
        closed_because=evil,
    )
    rung = replace(step(bad), summary=evil, command=evil, because=evil)
    rung = replace(rung, change=replace(rung.change, patch={evil: [evil, {"a": evil}]}), undo=rung.change)
    made = plan(bad, steps=(rung, rung), skipped=(evil,), facts_unknown=(evil,), runbook_url=evil)
    reasons = (Reason(evil, Lean.REFUSE, evil, unknown=True), Reason(evil, Lean.PERMIT, evil))
    told_one = told(
        one,
        (Decided(START + HOUR, Refuse(made, reasons), Hold(made, reasons)),),
        moments=(Moment(START + HOUR, evil, evil),),
        plots=(replace(plot(bad), signal=evil, unit=evil),),
        runbook=evil,
    )
    evil_story = story(
        [told_one], [truth(evil, target=bad)], recording=evil, cluster=evil, known=(one,), warnings=(evil,),
        budgets={evil: evil}, moments=(Moment(START, evil, evil),), config_digest=evil,
    )  # fmt: skip
    compared = compare(evil_story, story([]), (evil, evil))
    dirty, clean = (
        page(evil_story, comparison=compared),
        page(story(), comparison=compare(story(), story([]), ("a", "b"))),
    )
    assert (dirty.wrong, dirty.open) == ([], [])
    assert {tag for tag, _ in dirty.tags} - {tag for tag, _ in clean.tags} <= {
        "br",
        "ul",
        "ol",
        "details",
        "summary",
        "pre",
        "h4",
        "code",
    }
    assert not [attrs for _, attrs in dirty.tags if any(name.startswith("on") for name in attrs)]
    whole = render(evil_story, score(evil_story), compared)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", whole)
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", whole)[0]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil", "", " https://a", "JAVASCRIPT:x"]
)
def test_only_links_to_pages_are_links(url):
    """S3."""
    assert safe_url(url) == ""


def test_a_decision_is_shown_twice_where_facts_were_unknown_and_the_unknown_is_marked():
    text = page().text
    assert "As a live run would: refuse" in text
    assert "If unknown facts permitted: act" in text
    assert "disruption budget of Deployment/shop/cart is not known not known" in text


def test_the_exact_change_and_the_command_are_shown():
    read = page()
    blocks = [word.strip() for word in read.words if "restartedAt" in word or "kubectl -n" in word]
    assert blocks[0].split("\n")[0] == "spec:"
    assert "kubectl -n shop rollout restart deployment/cart" in blocks


def test_later_rungs_are_shown_as_if_that_had_not_helped():
    made = plan(steps=(step(), step(remediation="rollback", summary="roll back to revision 41")))
    text = page(story([told(decisions=(decided(made),))])).text
    assert "If that had not helped: roll back to revision 41" in text


def test_of_several_answers_the_one_that_acts_is_the_one_shown():
    nothing = Decided(START, Refuse(plan(steps=(), reason="no playbook fits"), ()))
    asks = Decided(START + HOUR, Escalate(plan(), (COOL,), ("on-call",)))
    acts = Decided(START + 2 * HOUR, Act(plan(), (COOL,)))
    text = page(story([told(decisions=(nothing, asks, acts))])).text
    assert "Would act : restart Deployment/shop/cart" in text
    assert "2 other answers as things changed" in text


def test_what_was_missed_and_what_was_false_are_both_shown():
    text = page(story([told(), second_day()], [truth(), truth("surge", START + DAY, CATALOG)])).text
    assert "surge 2 Mar 00:00 Deployment/shop/catalog missed" in text
    assert "no true incident matches" in text


def test_alerts_are_called_alerts_and_nothing_is_called_false():
    alert = replace(truth("CartDown", START + HOUR + 600_000), source="alert")
    text = page(story([told(), second_day()], [alert])).text
    assert "Against the alerts that fired" in text
    assert "10 min before" in text
    assert "false" not in text


def test_known_breakage_is_reported_apart():
    broken = incident("k1", CATALOG)
    text = page(story(known=(broken,))).text
    assert "Known breakage Broken when it was first seen: reported, never acted on." in text


def test_a_story_without_incidents_is_a_page_too():
    assert "No incident: every series stayed in its band" in page(story([], [])).text


def test_an_incident_that_is_still_open_says_so():
    text = page(story([told(incident(closed_ms=None, closed_because=""))])).text
    assert "still open at the end" in text


def test_changes_at_one_moment_share_a_marker():
    one = told()
    (event,) = one.changes
    twice = replace(one, changes=(event, replace(event, detail="image cart:2")))
    assert len([mark for mark in marks_of(twice) if mark.kind == "change"]) == 1


def test_the_picture_of_the_whole_period_links_to_each_incident():
    read = page(story([told(), second_day()]))
    links = [
        attrs["href"]
        for tag, attrs in read.tags
        if tag == "a" and attrs.get("href", "").startswith("#incident-")
    ]
    ids = [
        attrs["id"]
        for tag, attrs in read.tags
        if attrs.get("id", "").startswith("incident-") and tag == "article"
    ]
    assert {f"#{name}" for name in ids} <= set(links)
    assert len(ids) == 2


@pytest.mark.parametrize(("until", "told_so"), [(0, False), (START + DAY, True)])
def test_what_was_only_learned_from_is_told_and_shaded(until, told_so):
    read = page(story(learned_until_ms=until))
    shaded = [attrs for _, attrs in read.tags if attrs.get("class") == "learned"]
    assert ("Until 2 Mar 00:00 it was only learned from" in read.text, len(shaded)) == (told_so, told_so)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "296 MiB, expected 114 MiB to 200 MiB, score 3"),
        ({"low": -float("inf")}, "296 MiB, expected at most 200 MiB, score 3"),
        ({"low": -1e6}, "296 MiB, expected at most 200 MiB, score 3"),  # nothing measured here is below 0
        ({"high": float("inf")}, "296 MiB, expected at least 114 MiB, score 3"),
        ({"low": float("nan"), "high": float("nan")}, "296 MiB, expected not known, score 3"),
        ({"condition": "CrashLoopBackOff"}, "CrashLoopBackOff since 2026-03-01 00:00:00"),
        (
            {"kind": AnomalyKind.PREDICTED, "expected_at_ms": START + 3 * HOUR},
            "296 MiB, on its way to 200 MiB at 2026-03-01 03:00:00",
        ),
    ],
)
def test_an_anomaly_is_told_with_what_was_expected(change, words):
    # 3.1e8 bytes are 295.6 MiB, 1.2e8 are 114.4 and 2.1e8 are 200.3
    assert anomaly_words(replace(anomaly(), **change)) == words


def test_every_picture_has_words_for_those_who_do_not_see_it():
    pictures = [attrs for tag, attrs in page().tags if tag == "svg" and "aria-hidden" not in attrs]
    assert [attrs["role"] for attrs in pictures] == ["group", "img"]  # the period with its links, one plot
    assert all(len(attrs["aria-label"]) > 20 for attrs in pictures)


def brightness(colour):
    """The relative luminance of WCAG 2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((brightness(one), brightness(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_all_text_can_be_read_on_its_ground(theme):
    """WCAG 2 AA: 4.5 to 1 for text, light and dark."""
    style = re.search(r"<style>(.*?)</style>", render(story(), None), re.S)[1]
    colours = dict(
        re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", re.findall(r":root \{(.*?)\}", style, re.S)[theme])
    )
    words = ["ink", "soft", "link", "bad", "truth", "change", "critical", "high", "medium", "low", "good"]
    weak = {
        (name, ground): round(contrast(colours[name], colours[ground]), 2)
        for name in words
        for ground in ("paper", "sheet")
        if contrast(colours[name], colours[ground]) < 4.5
    }
    assert weak == {}
    assert min(contrast(colours["on-bar"], colours[name]) for name in ("critical", "high")) >= 4.5


def test_headings_descend_without_a_gap():
    levels = [
        int(tag[1]) for tag, _ in page(story([told(), second_day()])).tags if re.fullmatch("h[1-6]", tag)
    ]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_comparison_names_what_only_one_configuration_finds():
    both = compare(story([told(), second_day()]), story(), ("ours", "theirs"))
    text = page(story([told(), second_day()]), comparison=both).text
    assert "only with ours" in text
    assert "1 of 2 incidents differ" in text


def test_ten_incidents_of_six_plots_stay_below_half_a_megabyte():
    rng = np.random.default_rng(1)
    many = []
    for number in range(10):
        shape = plot(minutes=240)
        noisy = replace(shape, values=shape.values + rng.normal(0, 1e7, 240))
        many.append(told(incident(f"i{number}", opened=START + number * HOUR), plots=(noisy,) * 6))
    told_story = story(many)
    assert len(render(told_story, score(told_story)).encode()) < 500_000
