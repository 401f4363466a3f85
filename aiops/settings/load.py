"""Load: a configuration folder to Settings, whole or not at all (B7), with every problem at once.

Errors:  ConfigError with a Problem for everything that is wrong, nothing else whatever the files hold (S2).
Cost:    about 1 ms for 10 lines; bounded by the limits of ``document`` and ``files``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

from aiops.errors import ConfigError, Problem
from aiops.model.wire import digest, to_json
from aiops.settings import draft as drafts
from aiops.settings.draft import Draft
from aiops.settings.report import Check, Report
from aiops.settings.schema import Main, Settings
from aiops.settings.values import CHECKS
from aiops.settings.whole import judge

DOMAIN = "aiops.settings.v1"
STANDS = re.compile(r"(.*?):(\d+)(?: |$)")


def load(
    folder: Path, shipped: Path | None = None, checks: Mapping[type, Sequence[Check]] | None = None
) -> Settings:
    """The settings of ``folder``; ConfigError with all problems.

    ``shipped`` lends signals and playbooks where the folder has none of its own. ``checks`` are what else a
    value of a type must pass: the composition root knows plug-ins and queries, this module does not.
    """
    return finish(read(folder, shipped, checks))


def read(
    folder: Path, shipped: Path | None = None, checks: Mapping[type, Sequence[Check]] | None = None
) -> Draft:
    """What could be read of ``folder``, with all problems noted in its report."""
    given = checks or {}
    kinds = {*CHECKS, *given}
    report = Report({kind: (*CHECKS.get(kind, ()), *given.get(kind, ())) for kind in kinds})
    draft = drafts.read(folder, shipped, report)
    judge(draft)
    return draft


def finish(draft: Draft) -> Settings:
    """The settings of a draft without problems; else ConfigError."""
    report = draft.report
    if report.problems:
        more = Problem("and", f"{report.left_out} problems more", "none") if report.left_out else None
        raise ConfigError([*sorted(report.problems, key=_line), *([more] if more else [])])
    main = Main(**draft.main)
    settings = Settings(
        **{field.name: getattr(main, field.name) for field in fields(Main)},
        signals=tuple(one.value for one in draft.signals),
        playbooks=tuple(one.value for one in draft.playbooks),
        edges=tuple(one.value for one in draft.edges),
    )
    return replace(settings, digest=digest_of(settings))


def _line(problem: Problem) -> tuple[str, int]:
    """File and line, so that problems are in the order in which a person mends them."""
    stands = STANDS.match(problem.where)
    return (stands[1], int(stands[2])) if stands else (problem.where, 0)


def digest_of(settings: Settings) -> str:
    """64 hex digits over everything but ``digest`` itself and the values of headers."""
    content = to_json(settings)
    del content["digest"]
    content["prometheus"]["headers"] = sorted(settings.prometheus.headers)
    return digest(DOMAIN, content)
