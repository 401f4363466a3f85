"""Check: what only the composition root can tell of a configuration: plug-ins, their parameters, queries.

Each check sees one value and yields (field, got, expected); the loader of settings knows where it stands.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiops.adapters.outgoing import place
from aiops.adapters.prometheus.promql import Selector, parse
from aiops.bootstrap import plugins
from aiops.bootstrap.rules import DEFAULT
from aiops.core.stack import MEMBERS
from aiops.errors import ConfigError, PortError
from aiops.model import (
    AlertmanagerSettings,
    DetectorSettings,
    NotifySettings,
    PlaybookStep,
    Signal,
    WebhookSettings,
)
from aiops.settings.report import Check, Wrong, did_you_mean

ANYTHING = re.compile(r"\^?\(*(\.[*+])\)*\$?")  # a pattern that every name fits


def _query(signal: Signal) -> Iterator[Wrong]:
    if not signal.query.strip():
        return  # said already
    try:
        parsed = parse(signal.query)
    except PortError as error:
        message = str(error)
        yield "query", message.partition(": expected ")[0], f"PromQL: {message.partition(': expected ')[2]}"
        return
    if not parsed.selectors:
        yield "query", "a query that selects no series", "a query with the name of a metric"
    for selector in parsed.selectors:
        yield from _selector(selector)


def _selector(selector: Selector) -> Iterator[Wrong]:
    """A selector of every metric, or of none (B1)."""
    names = [
        text.strip("\"'`") for label, sign, text in selector.matchers if label == "__name__" and sign in "=~"
    ]
    if not selector.name and not any(name and not ANYTHING.fullmatch(name) for name in names):
        yield "query", "a selector without the name of a metric", "one with it: this matches everything"
    exact: dict[str, str] = {}
    for label, sign, text in selector.matchers:
        if sign == "=" and exact.setdefault(label, text) != text:
            yield (
                "query",
                f"label {label} equal to {exact[label]} and {text}",
                "one value: this matches nothing",
            )


def _detectors_of(signal: Signal) -> Iterator[Wrong]:
    known = {DEFAULT, *plugins.found("aiops.detectors")}
    for index, name in enumerate(signal.detectors):
        if name not in known:
            yield f"detectors[{index}]", repr(name), did_you_mean(name, known)
            continue
        for member in MEMBERS if name == DEFAULT else (name,):
            try:
                plugins.detector(member, signal)
            except ConfigError as error:
                for problem in error.problems:
                    yield f"detectors[{index}]", problem.got, f"a {member} that fits: {problem.expected}"


def _parameters(settings: DetectorSettings) -> Iterator[Wrong]:
    known = plugins.found("aiops.detectors")
    for name, given in settings.parameters.items():
        if name not in known:
            yield f"parameters.{name}", "an unknown detector", did_you_mean(name, known)
        else:
            yield from _made("aiops.detectors", name, given, f"parameters.{name}")


def _forests(settings: DetectorSettings) -> Iterator[Wrong]:
    known = plugins.found("aiops.detectors")
    for name, signals in settings.forests.items():
        if name not in known:
            yield f"forests.{name}", "an unknown detector", did_you_mean(name, known)
        elif not getattr(known[name].load(), "multi", False):
            yield f"forests.{name}", "a detector of one signal", "a detector of several signals"
        elif len(set(signals)) < 2:
            yield f"forests.{name}", repr(list(signals)), "two or more signals"


def _step(step: PlaybookStep) -> Iterator[Wrong]:
    known = plugins.found("aiops.remediations")
    if step.remediation not in known:
        yield "remediation", repr(step.remediation), did_you_mean(step.remediation, known)
    else:
        yield from _made("aiops.remediations", step.remediation, step.parameters, "parameters")


def _made(group: str, name: str, given: Mapping[str, Any], path: str) -> Iterator[Wrong]:
    """What a plug-in says of its parameters, by making one."""
    for key, got, expected in plugins.objections(group, name, given):
        yield f"{path}.{key}" if key else path, got, expected


def _webhook(settings: WebhookSettings) -> Iterator[Wrong]:
    yield from _address(settings.url, plain=settings.plain_http)


def _alertmanager(settings: AlertmanagerSettings) -> Iterator[Wrong]:
    if settings.url:
        yield from _address(settings.url, plain=True)


def _address(url: str, *, plain: bool) -> Iterator[Wrong]:
    """A URL that is never asked is told here, and not only when there is something to tell (S5)."""
    try:
        place(url, "url", plain=plain)
    except ConfigError as error:
        for problem in error.problems:
            yield "url", problem.got, problem.expected


@dataclass(frozen=True, slots=True)
class Routes:
    """A check of routes against webhooks: one to nowhere, or of nobody, would let incidents go where nobody
    expects them. It says nothing where one of them could not be read."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The fields it compares."""
        return "routes", "webhooks"

    def __call__(self, settings: NotifySettings) -> Iterator[Wrong]:
        """Everything that can be wrong."""
        for index, route in enumerate(settings.routes):
            where = f"routes[{index}]"
            if route.webhook and route.webhook not in settings.webhooks:
                yield f"{where}.webhook", repr(route.webhook), did_you_mean(route.webhook, settings.webhooks)
            if not route.owner:
                yield f"{where}.owner", "an empty text", "the value of an owner label"
            if not route.webhook and not route.slack_channel:
                yield where, "a route to nowhere", "slack_channel or webhook"


CHECKS: Mapping[type, Sequence[Check]] = {
    DetectorSettings: (_parameters, _forests),
    PlaybookStep: (_step,),
    Signal: (_query, _detectors_of),
    WebhookSettings: (_webhook,),
    AlertmanagerSettings: (_alertmanager,),
    NotifySettings: (Routes(),),
}
