"""A dry run as people and programs read it: the story, its score, a comparison, one document, one page."""

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiops.bootstrap import kept
from aiops.bootstrap.config import config_folder
from aiops.bootstrap.replay import replay_all
from aiops.core.compare import Comparison, Pair, compare
from aiops.core.score import Proposal, Score, TruthRow, matching, score, shown
from aiops.engine.replay import Progress, quietly
from aiops.errors import InputError, Problem
from aiops.model import Alert, Decided, Decision, Incident, IncidentStory, Story
from aiops.model.wire import to_json

FORMAT = 1  # of the document; a field may be added, none changes its meaning


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a dry run found."""

    story: Story
    score: Score | None
    comparison: Comparison | None = None


def dry_run(
    recording: Path,
    config_dir: Path | None = None,
    other_dir: Path | None = None,
    progress: Progress = quietly,
    until_ms: int | None = None,
    state: Path | None = None,
) -> DryRun:
    """Replay ``recording``, twice where ``other_dir`` is given; keep the first one's journal in ``state``.
    InputError, ConfigError for bad inputs."""
    first = progress if other_dir is None else halved(progress, 0.0)
    replayed = replay_all(recording, config_dir, first, until_ms)
    story, loop = replayed.story, replayed.loop
    if state is not None:
        kept.keep(state, story, loop.rules.signals, loop.store)
    if other_dir is None:
        return DryRun(story, score(story))
    other = replay_all(recording, other_dir, halved(progress, 0.5), until_ms).story
    return DryRun(story, score(story), compare(story, other, names(config_folder(config_dir), other_dir)))


def halved(progress: Progress, start: float) -> Progress:
    """Progress of one of two runs."""
    return lambda share, what: progress(start + share / 2, what)


def names(first: Path, second: Path) -> tuple[str, str]:
    """Two folders by as little of their paths as tells them apart."""
    one, two = first.resolve(), second.resolve()
    return (one.name, two.name) if one.name != two.name else (str(first), str(second))


def write_report(path: Path, run: DryRun) -> None:
    """Write the page, whole or not at all; InputError where that is impossible."""
    from aiops.web.report import render

    _put(path, render(run.story, run.score, run.comparison))


def reserve(path: Path) -> None:
    """InputError now where ``write_report`` would raise it after all the work."""
    _put(path, "", keep=False)


def _put(path: Path, text: str, *, keep: bool = True) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a directory")
        if path.is_symlink() or (path.exists() and not path.is_file()):
            if keep:  # a pipe, a device, /dev/stdout: written to, never replaced by a file
                path.write_text(text, encoding="utf-8")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(text, encoding="utf-8")
            if keep:
                partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        problem = Problem(str(path), str(error.strerror or error), "a file that can be written")
        raise InputError([problem]) from error


def document(run: DryRun) -> dict[str, Any]:
    """The same as the terminal and the page show, as one JSON document."""
    story = run.story
    return {
        "format": FORMAT,
        "recording": story.recording,
        "cluster": story.cluster,
        "start": iso(story.start_ms),
        "end": iso(story.end_ms),
        "watched_from": iso(story.watched_ms),
        "step_s": story.step_ms / 1000,
        "series": story.series,
        "signals": story.signals,
        "workloads": story.workloads,
        "samples": story.samples,
        "elapsed_s": round(story.elapsed_s, 3),
        "config_digest": story.config_digest,
        "incidents": [incident_document(story, one, run.score) for one in story.incidents],
        "known_breakage": [known_document(one) for one in story.known],
        "moments": [{"at": iso(one.at_ms), "what": one.what, "text": one.text} for one in story.moments],
        "warnings": list(story.warnings),
        "budgets": dict(story.budgets),
        "score": score_document(run.score) if run.score is not None else None,
        "comparison": comparison_document(run.comparison) if run.comparison is not None else None,
    }


def iso(at_ms: int | None) -> str | None:
    """A time for machines; None for none."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def incident_document(story: Story, told: IncidentStory, scored: Score | None) -> dict[str, Any]:
    """One incident with its decisions and its timeline."""
    one = told.incident
    truths = [truth.name for truth in story.truths if told in matching(story, truth)] if scored else []
    return known_document(one) | {
        "opened": iso(one.opened_ms),
        "detection_delay_s": (one.opened_ms - one.since_ms) / 1000,
        "state": one.state.value,
        "opened_because": one.opened_because,
        "closed_because": one.closed_because,
        "flaps": one.flaps,
        "storm": one.storm,
        "suspects": [to_json(suspect) | {"target": str(suspect.target)} for suspect in one.suspects],
        "anomalies": [to_json(anomaly) | {"target": str(anomaly.target)} for anomaly in one.anomalies],
        "alerts": [alert_document(alert) for alert in one.alerts],
        "decisions": [decided_document(decided) for decided in told.decisions],
        "runbook": told.runbook,
        "timeline": [{"at": iso(each.at_ms), "what": each.what, "text": each.text} for each in told.moments],
        "matches": truths,
    }


def alert_document(alert: Alert) -> dict[str, Any]:
    """A fired alert."""
    target = str(alert.target) if alert.target is not None else None
    times = {"since": iso(alert.since_ms), "until": iso(alert.until_ms)}
    words = {"severity": alert.severity, "runbook_url": alert.runbook_url, "summary": alert.summary}
    return {"name": alert.name, "target": target} | times | words


def known_document(one: Incident) -> dict[str, Any]:
    """What every incident has, known breakage too."""
    return {
        "id": one.id,
        "fingerprint": one.fingerprint,
        "kind": one.kind.value,
        "severity": one.severity.value,
        "class": one.incident_class,
        "targets": [str(target) for target in one.targets],
        "first_bad_sample": iso(one.since_ms),
        "closed": iso(one.closed_ms),
    }


def decided_document(decided: Decided) -> dict[str, Any]:
    """A decision, what it would have been if known, and the plan with its exact changes."""
    decision, if_known = decided.decision, decided.if_known
    plan = shown(decided).plan
    return {
        "at": iso(decided.at_ms),
        "decision": side_document(decision),
        "if_known": side_document(if_known) if if_known is not None else None,
        "plan": plan_document(to_json(plan), decision.step),
    }


def side_document(decision: Decision) -> dict[str, Any]:
    """The kind of a decision, its reasons, and who would be asked until when."""
    value: dict[str, Any] = to_json(decision)
    kind = {"kind": type(decision).__name__.lower()}
    return kind | {name: part for name, part in value.items() if name not in {"plan", "step"}}


def plan_document(plan: Mapping[str, Any], step: int) -> dict[str, Any]:
    """A plan whose steps are the one decided on and those "if that had not helped"."""
    steps = list(plan["steps"])
    return dict(plan) | {"steps": steps[step : step + 1], "if_that_had_not_helped": steps[step + 1 :]}


def score_document(scored: Score) -> dict[str, Any]:
    """The figures, and a row a true incident."""
    return {
        "source": scored.source,
        "true_incidents": len(scored.rows),
        "found": scored.found,
        "recall": scored.recall,
        "precision": scored.precision,
        "delay_median_s": scored.delay_median_s,
        "delay_p95_s": scored.delay_p95_s,
        "false_incidents": list(scored.false_ids),
        "false_per_day": scored.false_per_day,
        "false_per_100_workload_weeks": scored.false_per_100_workload_weeks,
        "causes_known": scored.causes_known,
        "cause_at_1": scored.cause_at_1,
        "cause_at_3": scored.cause_at_3,
        "actions_proposed": len(scored.proposals),
        "actions_wrong": len(scored.wrong) if scored.source != "alert" else None,
        "proposals": [proposal_document(one) for one in scored.proposals],
        "rows": [row_document(row) for row in scored.rows],
    }


def proposal_document(one: Proposal) -> dict[str, Any]:
    """One step that would have been carried out or asked for."""
    return {
        "incident": one.incident_id,
        "remediation": one.remediation,
        "target": str(one.target),
        "summary": one.summary,
        "asked": one.asked,
        "right": one.right,
    }


def row_document(row: TruthRow) -> dict[str, Any]:
    """One true incident and what was made of it."""
    truth = row.truth
    return {
        "name": truth.name,
        "fault": truth.fault,
        "start": iso(truth.start_ms),
        "end": iso(truth.end_ms),
        "target": str(truth.target) if truth.target is not None else None,
        "found": row.found,
        "incidents": list(row.incident_ids),
        "delay_s": row.delay_ms / 1000 if row.delay_ms is not None else None,
        "cause_rank": row.cause_rank,
        "first_suspect": str(row.first_suspect) if row.first_suspect is not None else None,
        "proposals": [proposal_document(one) for one in row.proposals],
    }


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """What differs, incident by incident, and the figures of both."""
    first, second = comparison.names
    return {
        "first": first,
        "second": second,
        "incidents": [pair_document(pair) for pair in comparison.pairs],
        "figures": {one.name: {"first": one.first, "second": one.second} for one in comparison.figures},
    }


def pair_document(pair: Pair) -> dict[str, Any]:
    """One incident under both configurations."""
    return {
        "first": pair.first.incident.id if pair.first is not None else None,
        "second": pair.second.incident.id if pair.second is not None else None,
        "opened": iso(pair.at_ms),
        "differences": list(pair.differences),
    }
