"""``aiops check-config``: is this configuration usable, and what does it put in force?"""

import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli.show import console, plain, print_json
from aiops.errors import ConfigError

if TYPE_CHECKING:
    from aiops.adapters.slack.check import Finding
    from aiops.bootstrap.config import Checked


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--explain", is_flag=True, help="Every setting that is not at its default, with file and line.")
@click.option("--slack", is_flag=True, help="Ask Slack too, whether it would work; posts nothing.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(folder: Path | None, explain: bool, slack: bool, as_json: bool) -> None:
    """Check the configuration in FOLDER ($AIOPS_CONFIG, or the shipped one) and say what it puts in force.

    Exit code 0 where it can be used, 2 where it cannot; then every problem is named at once. With --slack
    also 1 where Slack would not work.

    Example: aiops check-config /etc/aiops --explain
    """
    from aiops.bootstrap.config import check_config

    try:
        checked = check_config(folder)
        found = _ask_slack(checked) if slack else ()
    except ConfigError as error:
        _refuse(error, as_json)
        sys.exit(2)
    if as_json:
        print_json(_as_json(checked) | ({"slack": [asdict(one) for one in found]} if slack else {}))
    else:
        _show(checked, explain, found)
    if not all(one.good for one in found):
        sys.exit(1)


def _ask_slack(checked: "Checked") -> "tuple[Finding, ...]":
    from aiops.bootstrap.slack_check import check

    return check(checked.settings)


def _show(checked: "Checked", explain: bool, found: "tuple[Finding, ...]") -> None:
    out = console()
    for name, text in _summary(checked):
        out.print(f"{name:<12}{plain(text)}", markup=False)
    for one in found:
        out.print(plain(f"{'good' if one.good else 'BAD':<12}{one.what}: {one.text}"), markup=False)
    if explain:
        _explain(checked)


def _refuse(error: ConfigError, as_json: bool) -> None:
    if as_json:
        problems = [{"where": one.where, "got": one.got, "expected": one.expected} for one in error.problems]
        print_json({"valid": False, "problems": problems})
        return
    out = console()
    for problem in error.problems:
        out.print(plain(str(problem)), markup=False)
    count = len(error.problems)
    console(err=True).print(f"not usable: {count} problem{'' if count == 1 else 's'}, nothing is in force")


def _summary(checked: "Checked") -> list[tuple[str, str]]:
    """What is in force, one line a subject."""
    settings, policy = checked.settings, checked.settings.policy
    packs = Counter(signal.pack for signal in settings.signals)
    ceilings = Counter(str(book.mode) for book in settings.playbooks if book.steps)
    nothing = sum(not book.steps for book in settings.playbooks)
    scopes = Counter(str(scope.mode) for scope in policy.scopes)
    name = f"cluster {settings.cluster.name}: " if settings.cluster.name else ""
    return [
        ("valid", f"{checked.folder}, digest {settings.digest[:12]}"),
        ("prometheus", f"{name}{settings.prometheus.url}, every {settings.detection.step_s} s"),
        ("signals", f"{len(settings.signals)} in {len(packs)} packs: {_counted(packs)}"),
        (
            "playbooks",
            f"{len(settings.playbooks)}: at most {_counted(ceilings)}; {nothing} say why nothing is done",
        ),
        ("mode", f"{policy.mode} is the ceiling; scopes: {_counted(scopes) or 'none, so all is observe'}"),
        (
            "guards",
            f"{len(policy.freeze_windows)} freeze windows, {len(policy.protected_namespaces)} protected "
            f"namespaces, at most {policy.budgets.cluster_per_hour} plans an hour",
        ),
        ("state", f"{settings.state}; health and metrics on {settings.server.host}:{settings.server.port}"),
        ("changed", f"{len(checked.differences)} settings are not at their default (--explain)"),
    ]


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _explain(checked: "Checked") -> None:
    out = console()
    for one in checked.differences:
        text = f"{one.where}  {one.path}: {one.value}  (default {one.default})"
        out.print(plain(text), markup=False)
    for source in checked.sources:
        out.print(f"read {plain(source)}", markup=False)


def _as_json(checked: "Checked") -> dict[str, object]:
    settings = checked.settings
    return {
        "valid": True,
        "folder": str(checked.folder),
        "digest": settings.digest,
        "cluster": settings.cluster.name,
        "mode": settings.policy.mode,
        "signals": [one.name for one in settings.signals],
        "playbooks": {one.name: one.mode for one in settings.playbooks},
        "sources": list(checked.sources),
        "differences": [
            {"path": one.path, "value": one.value, "default": one.default, "where": one.where}
            for one in checked.differences
        ],
    }
