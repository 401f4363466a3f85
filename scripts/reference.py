"""Make docs/reference, config/aiops.yaml and the chart's rights from the code; ``--check`` compares only."""

import dataclasses
import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from aiops.bootstrap.plugins import found
from aiops.cli import COMMANDS, app
from scripts import api, configuration, remediations, rights
from scripts.markdown import table

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
NOTE = "<!-- made by `make docs` from the code; edit the code -->\n\n"


def default_of(field: dataclasses.Field[Any]) -> str:
    """A field's default as text."""
    if field.default is not dataclasses.MISSING:
        return str(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return str(field.default_factory())
    return "required"


def detectors() -> str:
    """Each detector: its module's docstring and its parameters."""
    parts = ["# Detectors\n"]
    for name, point in found("aiops.detectors").items():
        kind = point.load()
        module = importlib.import_module(kind.__module__)
        head, _, body = (module.__doc__ or "").strip().partition("\n")
        parts.append(f"## {name}\n\n{head}\n\n```text\n{body.strip()}\n```\n")
        rows = [(field.name, f"`{default_of(field)}`") for field in dataclasses.fields(kind)]
        if rows:
            parts.append(table(("parameter", "default"), rows) + "\n")
    return "\n".join(parts)


def command_line() -> str:
    """Every command's ``--help``."""
    parts = ["# Command line\n"]
    names: list[tuple[str, click.Command]] = [("aiops", app)]
    for name, (module, _) in COMMANDS.items():
        if importlib.util.find_spec(f"aiops.cli.{module}") is None:
            continue  # announced, and not there yet
        command = app.get_command(click.Context(app), name)
        if command is not None:
            names.append((f"aiops {name}", command))
            if isinstance(command, click.Group):
                names += [(f"aiops {name} {sub}", one) for sub, one in command.commands.items()]
    for name, command in names:
        context = click.Context(
            command,
            info_name=name,
            max_content_width=100,
            terminal_width=100,
            help_option_names=app.context_settings["help_option_names"],  # as under `aiops`
        )
        parts.append(f"## {name}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def signals() -> str:
    """The shipped signal packs."""
    from aiops.bootstrap.config import load_shipped

    settings = load_shipped()
    parts = ["# Signals\n"]
    packs: dict[str, list[Any]] = {}
    for signal in settings.signals:
        packs.setdefault(signal.pack, []).append(signal)
    for pack, members in sorted(packs.items()):
        rows = [
            (one.name, one.summary, one.unit, str(one.role), str(one.direction), str(one.target.kind))
            for one in members
        ]
        parts.append(
            f"## {pack}\n\n" + table(("signal", "what", "unit", "role", "bad side", "target"), rows) + "\n"
        )
    return "\n".join(parts)


def playbooks() -> str:
    """The shipped playbooks."""
    from aiops.bootstrap.config import load_shipped

    rows = []
    for one in sorted(load_shipped().playbooks, key=lambda book: book.name):
        steps = " → ".join(step.remediation for step in one.steps) or f"nothing: {one.do_nothing_because}"
        rows.append((one.name, ", ".join(one.when.classes), steps, one.summary))
    return "# Playbooks\n\n" + table(("playbook", "incident classes", "steps", "what"), rows) + "\n"


def incident_classes() -> str:
    """The ordered table that names incidents."""
    from aiops.core import classify

    rows = [(row.name, row.summary) for row in classify.TABLE]
    return (
        "# Incident classes\n\nThe first row that fits names the incident.\n\n"
        + table(("class", "what"), rows)
        + "\n"
    )


def guards() -> str:
    """The table of guards, in their order."""
    from aiops.core.guards import GUARDS

    rows = [(f"`{one.__name__}`", " ".join((one.__doc__ or "").split("\n\n")[0].split())) for one in GUARDS]
    return (
        "# Guards\n\nAll are asked when deciding and again before the first write, on facts read afresh; the"
        " strictest answer counts. What a guard cannot find out holds. Ids are those of the promises.\n\n"
        + table(("guard", "what it holds to"), rows)
        + "\n"
    )


def _page(name: str, make: Callable[[], str]) -> tuple[Path, Callable[[], str]]:
    return REFERENCE / name, lambda: NOTE + make().rstrip() + "\n"


PAGES: Mapping[Path, Callable[[], str]] = dict(
    [
        (ROOT / "config" / "aiops.yaml", configuration.aiops_yaml),  # first: what follows reads it
        _page("configuration.md", configuration.page),
        _page("cli.md", command_line),
        _page("api.md", api.page),
        _page("detectors.md", detectors),
        _page("remediations.md", remediations.page),
        _page("signals.md", signals),
        _page("playbooks.md", playbooks),
        _page("incident-classes.md", incident_classes),
        _page("guards.md", guards),
        (ROOT / "deploy" / "helm" / "files" / "rights.yaml", rights.table),
    ]
)


def main(arguments: list[str]) -> int:
    """Write every page; with ``--check`` name those that are out of date and exit 1."""
    stale = []
    for path, make in PAGES.items():
        text = make()
        if "--check" not in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(str(path.relative_to(ROOT)))
    if stale:
        print(f"out of date: {', '.join(stale)} (make docs)", file=sys.stderr)  # noqa: T201 - a script
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
